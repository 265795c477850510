using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class ReferenceStoreMergeTests : StoreFixture
{
    [Fact]
    public void Shards_of_prompts_and_of_samples_become_one_store()
    {
        Shard("one", ReferenceCompression.None, ("a", 0, 4), ("b", 0, 4));
        Shard("two", ReferenceCompression.Gzip, ("b", 4, 4), ("c", 0, 8));
        Shard("three", ReferenceCompression.None, ("a", 4, 4));
        Assert.Equal(new ReferenceMerge(5, null), ReferenceStore.Merge(Folder, [Named("one"), Named("two"), Named("three")]));
        using var table = ReferenceTable.Load(Folder);
        Assert.Equal(["a", "b", "c"], table.Prompts.Select(prompt => prompt.Prompt));
        Assert.All(table.Prompts, prompt => AssertSame(Samples(prompt.Prompt, 0, 8), prompt));
        Assert.Equal(Provenance, table.Provenance);
    }

    [Fact]
    public void Merge_that_was_interrupted_goes_on()
    {
        Shard("one", ReferenceCompression.None, [.. Enumerable.Range(0, 150).Select(i => ($"p{i}", 0, 2))]);
        Assert.Equal(150, ReferenceStore.Merge(Folder, [Named("one")]).Records);
        byte[] whole = File.ReadAllBytes(Data(Folder));
        Leave(Folder, whole[..(whole.Length / 2)]);
        ReferenceMerge merged = ReferenceStore.Merge(Folder, [Named("one")]);
        Assert.InRange(merged.Records, 75, 149);
        Assert.Equal(whole.Length / 2, merged.Repair!.Offset + merged.Repair.Bytes);
        Assert.Equal(whole, File.ReadAllBytes(Data(Folder)));
        Assert.Equal(new ReferenceMerge(0, null), ReferenceStore.Merge(Folder, [Named("one"), Named("one")]));
    }

    [Fact]
    public void Ranges_that_meet_in_part_and_other_provenance_are_refused()
    {
        Shard("one", ReferenceCompression.None, ("a", 0, 4));
        Shard("two", ReferenceCompression.None, ("a", 2, 4));
        string message = Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Folder, [Named("one"), Named("two")])).Message;
        Assert.Contains("Samples 2 to 5 of the prompt \"a\"", message);
        Assert.Contains("samples 0 to 3", message);
        ReferenceStore.Open(Named("other"), Provenance with { Origin = Provenance.Origin with { RewardModel = "x" } }).Dispose();
        Assert.Contains("reward model", Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Folder, [Named("other")])).Message);
        Assert.Throws<ArgumentException>(() => ReferenceStore.Merge(Folder, []));
        Assert.Throws<InvalidDataException>(() => ReferenceStore.Merge(Folder, [Named("nowhere")]));
    }

    [Fact]
    public void Later_shard_of_other_provenance_is_refused()
    {
        Shard("one", ReferenceCompression.None, ("a", 0, 4));
        ReferenceStore.Open(Named("other"), Provenance with { Seed = 2 }).Dispose();
        Assert.Contains("seed", Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Folder, [Named("one"), Named("other")])).Message);
        Assert.Equal(0, ReferenceStore.Merge(Folder, [Named("one")]).Records); // what came before it is there
    }

    private void Shard(string name, ReferenceCompression compression, params (string Prompt, int First, int Count)[] ranges)
    {
        using var store = Open(Named(name), compression);
        foreach (var (prompt, first, count) in ranges)
            store.Append([Samples(prompt, first, count)], first);
    }
}
