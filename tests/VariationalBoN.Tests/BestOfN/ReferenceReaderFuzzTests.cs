using System.Text;
using VariationalBoN.BestOfN;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>Generated and mutated files for every reader: a table, or <see cref="InvalidDataException"/> with file and place; nothing else, and no memory out of proportion.</summary>
[Trait("Tier", "fast")]
public sealed class ReferenceReaderFuzzTests : StoreFixture
{
    private static readonly FileFuzz s_fuzz = new(
        "\"prompt\"", "\"rewards\"", "\"reward\"", "\"text\"", "\"responses\"", "\"tokens\"", "\"promptTokens\"", "\"finishReasons\"", "\"logReference\"", "\"excluded\"",
        "\"first\"", "\"following\"", "\"check\"", "\"provenance\"", "\"seed\"", "\"moreSeeds\"", "\"Stopped\"");

    [Fact]
    public void Table_file()
    {
        string path = Named("table.jsonl");
        new ReferenceTable([Samples("a", 0, 2), Samples("b", 0, 2, excluded: 1), new("c", [1.5], ["yes"])], Provenance).Save(path);
        byte[] seed = File.ReadAllBytes(path), perSample = Encoding.UTF8.GetBytes("""{"prompt":"a","text":"a b","reward":1}""" + "\n" + """{"prompt":"a","text":"a c","reward":2.5}""" + "\n");
        s_fuzz.Run(FileFuzz.Inputs / 4, path, [seed, perSample], input => _ = ReferenceTableFile.Read(new MemoryStream(input), path).Prompts.Sum(prompt => prompt.Rewards.Length));
    }

    [Fact]
    public void Records() => FuzzFile(ReferenceCompression.None, "samples.jsonl", FileFuzz.Inputs / 4);

    [Fact]
    public void Packed_records() => FuzzFile(ReferenceCompression.Gzip, "samples.jsonl.gz", FileFuzz.Inputs / 4);

    /// <summary>Records whose seal is right, so that what is behind it meets what no writer of ours wrote.</summary>
    [Fact]
    public void Sealed_records()
    {
        Make(ReferenceCompression.None);
        string path = Data(Folder);
        byte[] seed = File.ReadAllBytes(path);
        byte[] first = seed[..(Array.IndexOf(seed, (byte)'\n') - 28)]; // without its seal
        s_fuzz.Run(FileFuzz.Inputs / 8, path, [[.. first, (byte)'}']], input => Read(path, input), json => json.Length == 0 ? [] : RecordSeal.Close(json));
    }

    [Fact]
    public void Side_file() => FuzzFile(ReferenceCompression.None, "rewards.index", FileFuzz.Inputs / 16);

    [Fact]
    public void Manifest() => FuzzFile(ReferenceCompression.None, "manifest.json", FileFuzz.Inputs / 16);

    private void FuzzFile(ReferenceCompression compression, string name, int inputs)
    {
        Make(compression);
        string path = Path.Combine(Folder, name);
        s_fuzz.Run(inputs, path, [File.ReadAllBytes(path)], input => Read(path, input));
    }

    private void Make(ReferenceCompression compression)
    {
        using var store = Open(Folder, compression);
        store.Append([Samples("a", 0, 2), Samples("b", 0, 2, excluded: 1)]);
        store.Append([Samples("a", 2, 2)], 2);
        store.AsTable().Dispose();
    }

    private int Read(string path, byte[] input)
    {
        File.WriteAllBytes(path, input);
        using var table = ReferenceTable.Load(Folder);
        return table.Prompts.Sum(prompt => prompt.Rewards.Length + prompt.Responses.Length + prompt.Samples.Length + prompt.Excluded);
    }
}
