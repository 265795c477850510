using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class ReferenceStoreTests : StoreFixture
{
    private static readonly ReferenceCompression[] s_compressions = Enum.GetValues<ReferenceCompression>();

    public static TheoryData<ReferenceCompression> Compressions => [.. s_compressions];

    [Theory]
    [MemberData(nameof(Compressions))]
    public void What_is_appended_comes_back_bit_by_bit_in_the_order_of_samples(ReferenceCompression compression)
    {
        using (var store = Open(Folder, compression))
        {
            store.Append([Samples("a", 4, 3), Samples("b é \u2028", 4, 3, excluded: 1)], firstSample: 4);
            store.Append([Samples("a", 0, 4)]);
            Assert.Equal(2, store.Prompts);
            Assert.Null(store.Repair);
        }

        using var table = ReferenceTable.Load(Folder);
        Assert.Equal(Provenance, table.Provenance);
        Assert.Equal(["a", "b é \u2028"], table.Prompts.Select(prompt => prompt.Prompt));
        AssertSame(Samples("a", 0, 7), table["a"]);
        AssertSame(Samples("b é \u2028", 4, 3, excluded: 1), table["b é \u2028"]);
        Assert.Contains("\"c\"", Assert.Throws<KeyNotFoundException>(() => table["c"]).Message);
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Table_on_disk_answers_as_one_in_memory(ReferenceCompression compression)
    {
        Prompt[] prompts = [.. Enumerable.Range(0, 700).Select(i => $"prompt {i}")];
        using (var store = Open(Folder, compression))
            store.Append([.. prompts.Select(prompt => Samples(prompt, 0, 9))]);
        using var stored = ReferenceTable.Load(Folder);
        var memory = new ReferenceTable(prompts.Select(prompt => Samples(prompt, 0, 9)), Provenance);
        var (one, two) = (memory.BestOf(4), stored.BestOf(4));
        foreach (Prompt prompt in prompts.Concat(prompts.Reverse()))
        {
            var sample = memory[prompt].Samples[3];
            Assert.Equal(one.LogRatio(sample), two.LogRatio(sample));
            Assert.Equal(memory[prompt].BestOfNWeights(3), stored[prompt].BestOfNWeights(3));
        }

        Assert.Throws<KeyNotFoundException>(() => two.LogCdf("none", 0));
        stored.Save(Named("one"));
        memory.Save(Named("two"));
        Assert.Equal(File.ReadAllBytes(Named("two")), File.ReadAllBytes(Named("one")));
    }

    [Fact]
    public void Gzip_members_are_the_lines_and_smaller()
    {
        foreach (var compression in s_compressions)
        {
            using var store = Open(Named(compression.ToString()), compression);
            store.Append([Samples("a", 0, 50), Samples("b", 0, 50)]);
            store.Append([Samples("a", 50, 50)], 50);
        }

        using var file = new System.IO.Compression.GZipStream(File.OpenRead(Data(Named("Gzip"))), System.IO.Compression.CompressionMode.Decompress);
        using var lines = new MemoryStream();
        file.CopyTo(lines);
        Assert.Equal(File.ReadAllBytes(Data(Named("None"))), lines.ToArray());
        Assert.InRange(new FileInfo(Data(Named("Gzip"))).Length, 1, lines.Length / 2);
    }

    [Fact]
    public void Rewards_that_came_from_elsewhere_are_kept_with_and_without_texts()
    {
        using (var store = ReferenceStore.Open(Folder, provenance: null))
            store.Append([new ReferencePrompt("a", [1.5, double.Epsilon], []), new ReferencePrompt("b", [null, 2.0, null, null], ["yes"])]);
        using var table = ReferenceTable.Load(Folder);
        Assert.Null(table.Provenance);
        AssertSame(new ReferencePrompt("a", [1.5, double.Epsilon], []), table["a"]);
        AssertSame(new ReferencePrompt("b", [null, 2.0, null, null], ["yes"]), table["b"]);
    }

    [Fact]
    public void Sample_that_is_there_is_refused_and_nothing_changes()
    {
        using var store = Open(Folder);
        store.Append([Samples("a", 64, 64)], 64);
        byte[] before = File.ReadAllBytes(Data(Folder));
        foreach (int first in (int[])[1, 63, 64, 127])
            Assert.Contains("samples 64 to 127", Assert.Throws<ArgumentException>(() => store.Append([Samples("b", first, 64), Samples("a", first, 64)], first)).Message);
        Assert.Throws<ArgumentException>(() => store.Append([]));
        Assert.Throws<ArgumentException>(() => store.Append([Samples("b", 0, 2), Samples("b", 0, 2)]));
        Assert.Equal(before, File.ReadAllBytes(Data(Folder)));
        store.Append([Samples("a", 128, 2)], 128);
        store.Append([Samples("a", 0, 64)]);
        Assert.Equal(1, store.Prompts);
    }

    [Fact]
    public void Missing_samples_are_the_gaps_of_what_is_there()
    {
        using var store = Open(Folder);
        store.Append([Samples("a", 10, 10)], 10);
        store.Append([Samples("a", 30, 5, excluded: 2)], 30);
        Assert.Equal([(0, 10), (20, 10), (35, 5)], store.Missing("a", 0, 40));
        Assert.Equal([(20, 5)], store.Missing("a", 12, 13));
        Assert.Empty(store.Missing("a", 10, 10));
        Assert.Empty(store.Missing("a", 0, 0));
        Assert.Equal([(5, 3)], store.Missing("b", 5, 3));
    }

    [Fact]
    public void Other_provenance_is_refused_field_by_field()
    {
        Open(Folder).Dispose();
        Refused("temperature is 1.0, in the other 0.7".Replace("1.0", "1", StringComparison.Ordinal), Provenance with { Origin = Provenance.Origin with { Reference = new ModelIdentity("words", ("temperature", 0.7), ("top-k", "none")) } });
        Refused("reward model of the store is judge, that of what it is used with is other", Provenance with { Origin = Provenance.Origin with { RewardModel = "other" } });
        Refused("scoring of the store", Provenance with { Origin = Provenance.Origin with { Scoring = new ScoringOptions { OnTruncated = TruncationRule.Exclude }.Identity } });
        Refused("seed of the store is 1, here it is 2", Provenance with { Seed = 2 });
        Refused("is not known", null);
        string all = Refused("scoring", new ReferenceProvenance(new ScoringIdentity("x", "y", "z"), 9));
        foreach (string field in (string[])["reference policy", "reward model", "seed"])
            Assert.Contains(field, all);
        Open(Folder).Dispose();

        string Refused(string difference, ReferenceProvenance? other)
        {
            string message = Assert.Throws<InvalidOperationException>(() => ReferenceStore.Open(Folder, other)).Message;
            Assert.Contains(difference, message);
            Assert.Contains(Folder, message);
            return message;
        }
    }

    [Fact]
    public void Second_writer_is_refused_until_the_first_is_done_and_readers_are_not()
    {
        using (var store = Open(Folder))
        {
            store.Append([Samples("a", 0, 3)]);
            store.AsTable().Dispose();
            Assert.Contains("being written", Assert.Throws<IOException>(() => Open(Folder)).Message);
            using var table = ReferenceTable.Load(Folder);
            store.Append([Samples("b", 0, 3)]);
            AssertSame(Samples("a", 0, 3), table["a"]);
            Assert.Contains("being written", Assert.Throws<IOException>(() => ReferenceTable.Load(Folder)).Message); // its side file is old
            Assert.Equal(2, store.AsTable().Prompts.Length);
        }

        using var second = Open(Folder);
        Assert.Equal(2, second.Prompts);
    }

    [Fact]
    public void Folder_that_is_no_cache_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "thesis.txt"), "mine");
        Assert.Contains("no reference cache", Assert.Throws<InvalidDataException>(() => Open(Folder)).Message);
        Assert.Contains("no reference cache", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Folder)).Message);
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Folder, "thesis.txt")));
        Open(Named("new")).Dispose();
        Assert.Contains("no record yet", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Named("new"))).Message);
    }

    [Fact]
    public void Temporary_files_of_a_killed_process_are_removed()
    {
        Open(Folder).Dispose();
        string[] before = Directory.GetFiles(Folder);
        File.WriteAllText(Path.Combine(Folder, "rewards.index.0123.tmp"), "");
        File.WriteAllText(Path.Combine(Folder, "manifest.json.0123.tmp"), "");
        Open(Folder).Dispose();
        Assert.Equal(before.Order(), Directory.GetFiles(Folder).Order());
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2", "version is 2")]
    [InlineData("\"None\"", "\"Zip\"", "neither None nor Gzip")]
    [InlineData("{", "", "cannot be used")]
    [InlineData("VariationalBoN reference cache", "other", "format")]
    [InlineData("\"seed\": 1", "\"seed\": \"one\"", "cannot be used")]
    [InlineData("\"seed\": 1", "\"sead\": 1", "seed")]
    public void Manifest_that_is_not_ours_is_refused(string part, string other, string why)
    {
        Open(Folder).Dispose();
        string path = Path.Combine(Folder, "manifest.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace(part, other, StringComparison.Ordinal));
        string message = Assert.Throws<InvalidDataException>(() => Open(Folder)).Message;
        Assert.Contains(path, message);
        Assert.Contains(why, message);
    }
}
