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
    public void Later_shard_of_other_provenance_is_refused_before_anything_is_copied()
    {
        Shard("one", ("a", 0, 4));
        Open(Named("other"), Provenance with { Seed = 2 }).Dispose();
        Assert.Contains(
            "seed",
            Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Store, [Named("one"), Named("other")])).Message
        );
        Assert.False(File.Exists(Store));
        ReferenceStoreOptions unknown = new() { Journal = (ReferenceJournal)9 };
        Assert.Contains("Journal", Assert.Throws<ArgumentException>(() => ReferenceStore.Merge(Store, [Named("one")], unknown)).Message);
    }

    [Theory]
    [InlineData(null, "1")]
    [InlineData("1", null)]
    [InlineData("1", "2")]
    public void Samples_of_another_execution_are_refused_whatever_the_calls(string? first, string? second)
    {
        Shard("first", first, ("a", 0, 4));
        Shard("second", second, ("b", 0, 4));

        AssertRefused(() => ReferenceStore.Merge(Named("both.db"), [Named("first"), Named("second")]));
        ReferenceStore.Merge(Store, [Named("first")]);
        AssertRefused(() => ReferenceStore.Merge(Store, [Named("second")]));

        Assert.Equal(first is null ? null : Execution(first), ExecutionOf(Store));
        Assert.Equal(1, ReferenceStore.Merge(Store, [Named("second")], s_accepting));
        Assert.Null(ExecutionOf(Store));

        void AssertRefused(Action merge)
        {
            string message = Assert.Throws<InvalidOperationException>(merge).Message;
            Assert.Contains(nameof(ReferenceStoreOptions.AcceptOtherExecution), message);
            Assert.DoesNotContain("have one F", message);
            string promising = first is null ? "second" : "first";
            Assert.Contains(
                first is null || second is null ? $"{promising} promises the bits of one execution" : "another execution than",
                message.Replace(Path.GetFileName(Store), "first", StringComparison.Ordinal)
            );
        }
    }

    [Fact]
    public void A_promise_stands_as_long_as_nothing_foreign_is_added()
    {
        Shard("foreign and empty", "2");
        Shard("one", "1", ("a", 0, 4));
        Shard("two", "1", ("b", 0, 4));

        Assert.Equal(2, ReferenceStore.Merge(Store, [Named("one"), Named("foreign and empty"), Named("two")], s_accepting));
        Assert.Equal(Execution("1"), ExecutionOf(Store));

        using (var store = ReferenceStore.Open(Store, Provenance with { Execution = Execution("2") }, s_accepting))
            Assert.Equal(Execution("1"), store.Provenance!.Execution);
        using (var store = ReferenceStore.Open(Store, Provenance with { Execution = Execution("1") }, s_accepting))
        {
            store.Append([Samples("c", 0, 4)]);
            Assert.Equal(Execution("1"), store.Provenance!.Execution);
        }

        using (var store = ReferenceStore.Open(Store, Provenance with { Execution = Execution("2") }, s_accepting))
        {
            Assert.Throws<ArgumentException>(() => store.Append([Samples("c", 0, 4)])); // it is there
            Assert.Equal(Execution("1"), store.Provenance!.Execution);
            store.Append([Samples("d", 0, 4)]);
            Assert.Null(store.Provenance!.Execution);
        }

        Assert.Null(ExecutionOf(Store));
    }

    private static readonly ReferenceStoreOptions s_accepting = new() { FlushToDisk = false, AcceptOtherExecution = true };

    private static ModelIdentity Execution(string threads) => new("execution", ("threads", threads));

    private static ModelIdentity? ExecutionOf(string path)
    {
        using var reader = StoreReader.Open(path);
        return StoreFacts.Read(reader.Facts, path)!.Execution;
    }

    private void Shard(string name, params (string Prompt, int First, int Count)[] ranges) => Shard(name, null, ranges);

    private void Shard(string name, string? execution, params (string Prompt, int First, int Count)[] ranges)
    {
        using var store = Open(Named(name), Provenance with { Execution = execution is null ? null : Execution(execution) });
        foreach (var (prompt, first, count) in ranges)
            store.Append([Samples(prompt, first, count)], first);
    }
}
