using System.Text;
using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>Generated and mutated files for every reader: a table, or <see cref="InvalidDataException"/> with file and place;
/// nothing else, and no memory out of proportion.</summary>
[Trait("Tier", "fast")]
public sealed class ReferenceReaderFuzzTests : StoreFixture
{
    private static readonly FileFuzz s_fuzz = new(
        "\"prompt\"",
        "\"rewards\"",
        "\"reward\"",
        "\"text\"",
        "\"responses\"",
        "\"tokens\"",
        "\"promptTokens\"",
        "\"finishReasons\"",
        "\"logReference\"",
        "\"excluded\"",
        "\"first\"",
        "\"following\"",
        "\"check\"",
        "\"provenance\"",
        "\"seed\"",
        "\"moreSeeds\"",
        "\"components\"",
        "\"Stopped\""
    );

    [Fact]
    public void Table_file()
    {
        string path = Named("table.jsonl");
        new ReferenceTable(
            [Samples("a", 0, 2), Samples("b", 0, 2, excluded: 1), new ReferencePrompt("c", [1.5], ["yes"])],
            Provenance
        ).Save(path);
        byte[] seed = File.ReadAllBytes(path),
            perSample = Encoding.UTF8.GetBytes(
                """{"prompt":"a","text":"a b","reward":1}""" + "\n" + """{"prompt":"a","text":"a c","reward":2.5}""" + "\n"
            );
        byte[] unsealed = [.. seed[..(Array.IndexOf(seed, (byte)'\n') - 28)], (byte)'}'];
        unsealed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(unsealed).Replace("\"following\":2,", "", StringComparison.Ordinal));
        s_fuzz.Run(
            FileFuzz.Inputs / 4,
            path,
            [seed, unsealed, perSample],
            input => _ = ReferenceTableFile.Read(new MemoryStream(input), path).Prompts.Sum(prompt => prompt.Rewards.Length)
        );
    }
}
