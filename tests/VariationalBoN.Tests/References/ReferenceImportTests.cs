using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>Folders that version 0.1 wrote (Golden/store-0.1), as stores.</summary>
[Trait("Tier", "fast")]
public sealed class ReferenceImportTests : StoreFixture
{
    private static readonly string s_golden = Path.Combine(AppContext.BaseDirectory, "Golden", "store-0.1");

    public static TheoryData<string> Compressions => ["plain", "gzip"];

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Folder_is_imported_once_with_all_it_has(string compression)
    {
        string folder = Path.Combine(s_golden, compression);
        Assert.Equal(5, ReferenceStore.Import(folder, Store));
        Assert.Equal(0, ReferenceStore.Import(folder, Store));
        using var table = ReferenceTable.Load(Store);
        var then = new ScoringIdentity("words, temperature 1, top-k none", "judge", "truncated: Score");
        Assert.Equal(new ReferenceProvenance(then, 1), table.Provenance);
        Assert.Equal(["a", "b é \u2028", "d"], table.Prompts.Select(prompt => prompt.Prompt));
        AssertSame(Old("a", 0, 7, 0, 3), table["a"]);
        AssertSame(Old("b é \u2028", 4, 3, 5), table["b é \u2028"]);
        AssertSame(Old("d", 0, 2), table["d"]);
        Assert.Equal([1, 2, 4, 5, 6], table["a"].SampleIndices.AsEnumerable());
        Assert.Contains("no reward", Assert.Throws<KeyNotFoundException>(() => table["c"]).Message);
        using var store = ReferenceStore.Open(Store, table.Provenance);
        Assert.Empty(store.Missing("c", 0, 2));
        ReferenceStore.Check(Store);
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Rewards_that_came_from_elsewhere_are_imported(string compression)
    {
        Assert.Equal(2, ReferenceStore.Import(Path.Combine(s_golden, $"imported-{compression}"), Store));
        using var table = ReferenceTable.Load(Store);
        Assert.Null(table.Provenance);
        AssertSame(new("a", [1.5, double.Epsilon], []), table["a"]);
        AssertSame(new("b", [null, 2.0, null, null], ["yes"]), table["b"]);
    }

    [Fact]
    public void Identities_of_now_take_the_place_of_those_of_then()
    {
        ReferenceStore.Import(Path.Combine(s_golden, "plain"), Store, Provenance);
        Open(Store).Dispose();
        Assert.Throws<InvalidOperationException>(() => ReferenceStore.Import(Path.Combine(s_golden, "plain"), Store));
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Last_batch_that_breaks_off_anywhere_is_passed_over(string compression)
    {
        string folder = Copy(compression, out string records);
        byte[] whole = File.ReadAllBytes(records);
        var kept = new HashSet<int>();
        for (int length = whole.Length; length >= 0; length -= length > whole.Length - 40 ? 1 : 23)
        {
            foreach (byte[] left in (byte[][])[whole[..length], [.. whole[..length], .. new byte[70]]])
            {
                File.WriteAllBytes(records, left);
                File.Delete(Store);
                try
                {
                    kept.Add(ReferenceStore.Import(folder, Store));
                }
                catch (InvalidDataException e) when (left.Length > length)
                {
                    Assert.Contains(records, e.Message); // zeros in the middle of a record of lines, whose end no zero is
                }
            }
        }

        Assert.Equal([0, 2, 3, 5], kept.Order());
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Damage_is_named_by_file_line_and_byte(string compression)
    {
        string folder = Copy(compression, out string records);
        byte[] whole = File.ReadAllBytes(records);
        int second = compression == "plain" ? Array.IndexOf(whole, (byte)'\n') + 1 : BitConverter.ToInt32(whole, 16);
        for (int at = second; at < second + 300; at += 7)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 1;
            File.WriteAllBytes(records, damaged);
            File.Delete(Store);
            string message = Assert.Throws<InvalidDataException>(() => ReferenceStore.Import(folder, Store)).Message;
            Assert.Contains($"{records}, line 2 (byte {second})", message);
        }
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2", "version 1")]
    [InlineData("\"None\"", "\"Zip\"", "neither None nor Gzip")]
    [InlineData("{", "", "cannot be used")]
    [InlineData("VariationalBoN reference cache", "other", "format")]
    [InlineData("\"seed\": 1", "\"seed\": \"one\"", "cannot be used")]
    [InlineData("\"seed\": 1", "\"sead\": 1", "seed")]
    public void Manifest_that_is_not_ours_is_refused(string part, string other, string why)
    {
        string folder = Copy("plain", out _),
            path = Path.Combine(folder, "manifest.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace(part, other, StringComparison.Ordinal));
        string message = Assert.Throws<InvalidDataException>(() => ReferenceStore.Import(folder, Store)).Message;
        Assert.Contains(path, message);
        Assert.Contains(why, message);
        Assert.False(File.Exists(Store));
        File.Delete(path);
        Assert.Contains("manifest.json", Assert.Throws<InvalidDataException>(() => ReferenceStore.Import(folder, Store)).Message);
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Records_that_were_mutated_are_told(string compression)
    {
        string folder = Copy(compression, out string records);
        var fuzz = new FileFuzz("\"prompt\"", "\"rewards\"", "\"responses\"", "\"excluded\"", "\"first\"", "\"following\"", "\"check\"");
        fuzz.Run(
            FileFuzz.Inputs / 16,
            records,
            [File.ReadAllBytes(records)],
            input =>
            {
                File.WriteAllBytes(records, input);
                _ = ReferenceFolder.Open(folder).Batches().Sum(batch => batch.Length);
            }
        );
    }

    private string Copy(string compression, out string records)
    {
        string folder = Directory.CreateDirectory(Named("folder")).FullName;
        foreach (string file in Directory.GetFiles(Path.Combine(s_golden, compression)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        records = Directory.GetFiles(folder, "samples.*").Single();
        return folder;
    }

    /// <summary>What the folders were made of: samples of a prompt without those at some places.</summary>
    private static ReferencePrompt Old(Prompt prompt, int first, int count, params int[] left) =>
        new(
            prompt,
            Enumerable
                .Range(first, count)
                .Select(i => new ScoredSample(
                    new Completion
                    {
                        Prompt = prompt,
                        Text = $"\"{i}\" \n é 🙂",
                        PromptTokens = [3, prompt.Text.Length],
                        Tokens = [.. Enumerable.Range(i, i % 5)],
                        FinishReason = (FinishReason)(i % 2),
                    },
                    left.Contains(i) ? null : Math.Sin(i + prompt.Text.Length) * 3,
                    -0.1 - i
                )),
            [new("style", [.. Enumerable.Range(first, count).Select(i => i % 3 == 0 ? (double?)null : i / 7.0)])]
        );
}
