using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class ReferenceStoreMergeTests : StoreFixture
{
    [Fact]
    public void Shards_of_prompts_and_of_samples_become_one_store()
    {
        Shard("one", ("a", 0, 4), ("b", 0, 4));
        Shard("two", ("b", 4, 4), ("c", 0, 8));
        Shard("three", ("a", 4, 4));
        Assert.Equal(5, ReferenceStore.Merge(Store, [Named("one"), Named("two"), Named("three")]));
        using var table = ReferenceTable.Load(Store);
        Assert.Equal(["a", "b", "c"], table.Prompts.Select(prompt => prompt.Prompt));
        Assert.All(table.Prompts, prompt => AssertSame(Samples(prompt.Prompt, 0, 8), prompt));
        Assert.Equal(Provenance, table.Provenance);
    }

    [Fact]
    public void More_shards_than_SQLite_attaches_become_one_store()
    {
        string[] names = [.. Enumerable.Range(0, 25).Select(i => $"shard{i}")];
        foreach (string name in names)
            Shard(name, (name, 0, 2), ("all", 2 * Array.IndexOf(names, name), 2));
        Assert.Equal(50, ReferenceStore.Merge(Store, [.. names.Select(Named)]));
        using var table = ReferenceTable.Load(Store);
        AssertSame(Samples("all", 0, 50), table["all"]);
    }

    [Fact]
    public void Merge_that_was_interrupted_goes_on()
    {
        Shard("one", [.. Enumerable.Range(0, 150).Select(i => ($"p{i}", 0, 2))]);
        Shard("half", [.. Enumerable.Range(0, 70).Select(i => ($"p{i}", 0, 2))]);
        Assert.Equal(70, ReferenceStore.Merge(Store, [Named("half")]));
        Assert.Equal(80, ReferenceStore.Merge(Store, [Named("one")]));
        Assert.Equal(Rows(Named("one")), Rows(Store));
        Assert.Equal(0, ReferenceStore.Merge(Store, [Named("one"), Named("one"), Named("half")]));
    }

    [Fact]
    public void Ranges_that_meet_in_part_and_other_provenance_are_refused()
    {
        Shard("one", ("a", 0, 4));
        Shard("two", ("a", 2, 4));
        string message = Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Store, [Named("one"), Named("two")])).Message;
        Assert.Contains("samples 2 to 5 of the prompt \"a\"", message);
        Assert.Contains("samples 0 to 3", message);
        Open(Named("other"), Provenance with { Origin = Provenance.Origin with { RewardModel = "x" } }).Dispose();
        Assert.Contains(
            "reward model",
            Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Store, [Named("other")])).Message
        );
        Assert.Throws<ArgumentException>(() => ReferenceStore.Merge(Store, []));
        Assert.Throws<FileNotFoundException>(() => ReferenceStore.Merge(Store, [Named("nowhere")]));
    }

    [Fact]
    public void Later_shard_of_other_provenance_is_refused_and_what_came_before_it_is_there()
    {
        Shard("one", ("a", 0, 4));
        Open(Named("other"), Provenance with { Seed = 2 }).Dispose();
        Assert.Contains(
            "seed",
            Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Store, [Named("one"), Named("other")])).Message
        );
        Assert.Equal(0, ReferenceStore.Merge(Store, [Named("one")]));
    }

    private void Shard(string name, params (string Prompt, int First, int Count)[] ranges)
    {
        using var store = Open(Named(name));
        foreach (var (prompt, first, count) in ranges)
            store.Append([Samples(prompt, first, count)], first);
    }
}
