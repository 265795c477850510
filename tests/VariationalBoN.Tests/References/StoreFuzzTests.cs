using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>
/// Generated and mutated stores: what was written, or <see cref="InvalidDataException"/> with file and place;
/// nothing else, and no memory out of proportion.
/// </summary>
[Trait("Tier", "fast")]
public sealed class StoreFuzzTests() : StoreFileFixture(InMemory)
{
    private static readonly FileFuzz s_fuzz = new(
        "SQLite format 3\0",
        "VBoN",
        "samples",
        "store",
        "samples_by_prompt",
        "CREATE TABLE",
        "TRIGGER",
        "\0\0\0\u0001"
    );

    private static readonly FileFuzz s_json = new(
        "\"texts\"",
        "\"tokens\"",
        "\"promptTokens\"",
        "\"finishReasons\"",
        "\"components\"",
        "\"Stopped\"",
        "\"Length\"",
        "\"style\""
    );

    [Fact]
    public void File_gives_what_was_written_or_is_told()
    {
        Make(Store, [Row("a", 0, 9), Row("b", 0, 9, holes: true)], [RewardsAlone("c", 0, 1, null), Row("a", 9, 9)]);
        string[] expected = Contents(Store);
        s_fuzz.Run(
            FileFuzz.Inputs / 20,
            Store,
            [File.ReadAllBytes(Store)],
            input =>
            {
                Place(input, log: null);
                using var reader = StoreReader.Open(Store);
                string[] found = Contents(reader);
                Assert.True(found.Length < expected.Length ? Overwrote(reader) : expected.SequenceEqual(found), string.Join('\n', found));
            }
        );

        // rows whose index lost them: the full check says so
        static bool Overwrote(StoreReader reader) => Assert.Throws<InvalidDataException>(reader.Check) is not null;
    }

    [Fact]
    public void Log_gives_whole_batches_or_is_told()
    {
        StoreRow[][] batches =
        [
            [Row("a", 0, 9), Row("b", 0, 9, holes: true)],
            [Row("c", 0, 40)],
            [Row("a", 9, 9)],
        ];
        byte[] file,
            log;
        using (var writer = Write(Store))
        {
            foreach (var batch in batches)
                writer.Append(batch);
            (file, log) = (File.ReadAllBytes(Store), File.ReadAllBytes(Log(Store)));
        }

        string[] states =
        [
            .. Enumerable
                .Range(0, 4)
                .Select(count =>
                    string.Join('\n', batches[..count].SelectMany(batch => batch).Select(Describe).Order(StringComparer.Ordinal))
                ),
        ];
        s_fuzz.Run(
            FileFuzz.Inputs / 20,
            Store,
            [log],
            input =>
            {
                Place(file, input);
                Assert.Contains(string.Join('\n', Contents(Store).Order(StringComparer.Ordinal)), states);
            }
        );
    }

    [Fact]
    public void Completions()
    {
        byte[] seed = Row("a", 0, 4).Content.ToJson();
        s_json.Run(
            FileFuzz.Inputs / 2,
            Store,
            [seed],
            input =>
            {
                try
                {
                    StoreContent content = StoreContent.Parse(input, 4);
                    Assert.Null(StoreContent.Parse(content.ToJson(), 4).Fault(4));
                }
                catch (FormatException e)
                {
                    throw new InvalidDataException($"{Store}: {e.Message}", e);
                }
            }
        );
    }

    private void Place(byte[] file, byte[]? log)
    {
        foreach (string beside in Directory.GetFiles(Folder))
            File.Delete(beside);
        File.WriteAllBytes(Store, file);
        if (log is not null)
            File.WriteAllBytes(Log(Store), log);
    }
}
