using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class ReferenceStoreTests : StoreFixture
{
    [Fact]
    public void What_is_appended_comes_back_bit_by_bit_in_the_order_of_samples()
    {
        Prompt conversation = Prompt.Conversation("""[{"role":"user","content":"a"}]""");
        using (var store = Open(Store))
        {
            store.Append([Samples("a", 4, 3), Samples("b é \u2028", 4, 3, excluded: 1), Samples(conversation, 4, 3)], firstSample: 4);
            store.Append([Samples("a", 0, 4)]);
            Assert.Equal(3, store.Prompts);
            Assert.Equal(Store, store.Path);
            Assert.Equal(ReferenceJournal.WriteAheadLog, store.Journal);
            Assert.Equal(Provenance, store.Provenance);
        }

        using var table = ReferenceTable.Load(Store);
        Assert.Equal(Provenance, table.Provenance);
        Assert.Equal(["a", "b é \u2028", conversation], table.Prompts.Select(prompt => prompt.Prompt));
        AssertSame(Samples("a", 0, 7), table["a"]);
        AssertSame(Samples("b é \u2028", 4, 3, excluded: 1), table["b é \u2028"]);
        AssertSame(Samples(conversation, 4, 3), table[conversation]);
        Assert.Equal([4, 5], table["b é \u2028"].SampleIndices.AsEnumerable());
        Assert.Contains("\"c\"", Assert.Throws<KeyNotFoundException>(() => table["c"]).Message);
        Assert.Throws<KeyNotFoundException>(() => table[conversation.Canonical]);
    }

    [Fact]
    public void Table_of_a_store_answers_as_one_in_memory()
    {
        Prompt[] prompts = [.. Enumerable.Range(0, 700).Select(i => $"prompt {i}")];
        using (var store = Open(Store))
            store.Append([.. prompts.Select(prompt => Samples(prompt, 0, 9))]);
        using var stored = ReferenceTable.Load(Store);
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
    public void Samples_of_a_store_go_into_another_as_what_they_are_alone()
    {
        using (var store = Open(Store))
        {
            store.Append([Samples("a", 8, 4), Samples("gap", 0, 2)], firstSample: 8);
            store.Append([Samples("gap", 20, 2)], firstSample: 20);
        }

        using var table = ReferenceTable.Load(Store);
        using var other = Open(Named("other.db"));
        Assert.Contains("firstSample 8", Assert.Throws<ArgumentException>(() => other.Append([table["a"]])).Message);
        Assert.Contains("gaps", Assert.Throws<ArgumentException>(() => other.Append([table["gap"]], firstSample: 8)).Message);
        Assert.Equal(0, other.Prompts);
        other.Append([table["a"]], firstSample: 8);
        Assert.Equal([(0, 8), (12, 1)], other.Missing("a", 0, 13));
    }

    [Fact]
    public async Task Table_of_a_store_is_read_by_several_threads()
    {
        Prompt[] prompts = [.. Enumerable.Range(0, 50).Select(i => $"prompt {i}")];
        using (var store = Open(Store))
            store.Append([.. prompts.Select(prompt => Samples(prompt, 0, 9))]);
        using var table = ReferenceTable.Load(Store);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 400),
            (i, _) =>
            {
                AssertSame(Samples(prompts[i % 50], 0, 9), table[prompts[i % 50]]);
                return ValueTask.CompletedTask;
            }
        );
    }

    [Fact]
    public void Rewards_that_came_from_elsewhere_are_kept_with_and_without_texts()
    {
        ReferencePrompt[] theirs = [new("a", [1.5, double.Epsilon], []), new("b", [null, 2.0, null, null], ["yes"])];
        using (var store = ReferenceStore.Open(Store, provenance: null))
            store.Append(theirs);
        using var table = ReferenceTable.Load(Store);
        Assert.Null(table.Provenance);
        AssertSame(theirs[0], table["a"]);
        AssertSame(theirs[1], table["b"]);
    }

    [Fact]
    public void Sample_that_is_there_is_refused_and_nothing_changes()
    {
        using var store = Open(Store);
        store.Append([Samples("a", 64, 64)], 64);
        foreach (int first in (int[])[1, 63, 64, 127])
        {
            ReferencePrompt[] batch = [Samples("b", first, 64), Samples("a", first, 64)];
            Assert.Contains("samples 64 to 127", Assert.Throws<ArgumentException>(() => store.Append(batch, first)).Message);
        }

        Assert.Throws<ArgumentException>(() => store.Append([]));
        Assert.Throws<ArgumentException>(() => store.Append([Samples("b", 0, 2), Samples("b", 0, 2)]));
        ReferencePrompt half = new("b", [1.0], ["half \uD800"]);
        Assert.Contains("surrogate", Assert.Throws<ArgumentException>(() => store.Append([half])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Append([Samples("b", 0, 2)], -1));
        Assert.Single(Rows(Store));
        store.Append([Samples("a", 128, 2)], 128);
        store.Append([Samples("a", 0, 64)]);
        Assert.Equal(1, store.Prompts);
    }

    [Fact]
    public void Missing_samples_are_the_gaps_of_what_is_there()
    {
        using var store = Open(Store);
        store.Append([Samples("a", 10, 10)], 10);
        store.Append([Samples("a", 30, 5, excluded: 2)], 30);
        Assert.Equal([(0, 10), (20, 10), (35, 5)], store.Missing("a", 0, 40));
        Assert.Equal([(20, 5)], store.Missing("a", 12, 13));
        Assert.Empty(store.Missing("a", 10, 10));
        Assert.Empty(store.Missing("a", 0, 0));
        Assert.Equal([(5, 3)], store.Missing("b", 5, 3));
    }

    [Fact]
    public void Other_provenance_is_refused_part_by_part()
    {
        Open(Store).Dispose();
        ScoringIdentity origin = Provenance.Origin;
        ModelIdentity colder = new("words", ("temperature", 0.7), ("top-k", "none"));
        Refused("temperature is 1, in the other 0.7", Provenance with { Origin = origin with { Reference = colder } });
        Refused("reward model of the store is judge", Provenance with { Origin = origin with { RewardModel = "other" } });
        Refused("scoring of the store", Provenance with { Origin = origin with { Scoring = new("scoring", ("truncated", "Exclude")) } });
        Refused("the seed of the store is 1, that of what it is used with is 2", Provenance with { Seed = 2 });
        Refused("the seed of the store", Provenance with { MoreSeeds = [5] });
        Refused("is not known", null);
        Open(Store).Dispose();

        void Refused(string difference, ReferenceProvenance? other)
        {
            string message = Assert.Throws<InvalidOperationException>(() => ReferenceStore.Open(Store, other)).Message;
            Assert.Contains(difference, message);
            Assert.Contains(Store, message);
        }
    }

    [Fact]
    public void Samples_of_another_decoding_are_not_mixed_with_these()
    {
        Open(Store).Dispose();
        StoreFileFixture.Sql(Store, "UPDATE store SET value = '0' WHERE key = 'decoding'");
        Assert.Contains("decoded in version 0", Assert.Throws<InvalidOperationException>(() => Open(Store)).Message);
    }

    [Fact]
    public void Provenance_is_kept_seeds_of_merged_tables_and_all_and_refused_where_it_cannot_be_read()
    {
        var merged = Provenance with { MoreSeeds = [7, -8] };
        using (var store = Open(Store, merged))
            store.Append([Samples("a", 0, 2)]);
        using (var table = ReferenceTable.Load(Store))
            Assert.Equal(merged, table.Provenance);
        using (var again = Open(Store, merged))
            Assert.Equal(StoreFacts.ThisLibrary, again.LibraryVersion);
        (string, string)[] wrong = [("seed", "one"), ("reference", "{"), ("more_seeds", "1  2"), ("scoring", "[]")];
        foreach ((string key, string value) in wrong)
        {
            object? before = StoreFileFixture.Sql(Store, $"SELECT value FROM store WHERE key = '{key}'");
            StoreFileFixture.Sql(Store, $"UPDATE store SET value = '{value}' WHERE key = '{key}'");
            string message = Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Store)).Message;
            Assert.Contains(Store, message);
            Assert.Contains($"\"{key}\"", message);
            StoreFileFixture.Sql(Store, $"UPDATE store SET value = '{before}' WHERE key = '{key}'");
        }

        StoreFileFixture.Sql(Store, "DELETE FROM store WHERE key = 'scoring'");
        Assert.Contains("\"scoring\"", Assert.Throws<InvalidDataException>(() => Open(Store, merged)).Message);
    }

    [Fact]
    public void Second_writer_is_refused_until_the_first_is_done_and_readers_are_not()
    {
        using (var store = Open(Store))
        {
            store.Append([Samples("a", 0, 3)]);
            store.AsTable().Dispose();
            Assert.Contains("being written", Assert.Throws<IOException>(() => Open(Store)).Message);
            using var table = ReferenceTable.Load(Store);
            store.Append([Samples("b", 0, 3)]);
            AssertSame(Samples("a", 0, 3), table["a"]);
            Assert.Single(table.Prompts);
            using var now = store.AsTable();
            Assert.Equal(2, now.Prompts.Length);
        }

        using var second = Open(Store);
        Assert.Equal(2, second.Prompts);
    }

    [Fact]
    public void Store_without_samples_or_rewards_says_so()
    {
        using (var store = Open(Store))
        {
            Assert.Contains("no samples yet", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Store)).Message);
            store.Append([new ReferencePrompt("a", [null, null], [])]);
            Assert.Contains("no reward", Assert.Throws<InvalidDataException>(store.AsTable).Message);
            store.Append([Samples("b", 0, 2)]);
        }

        using var table = ReferenceTable.Load(Store);
        Assert.Equal("b", Assert.Single(table.Prompts).Prompt);
        Assert.Same(table.Prompts[0], table["b"]);
        Assert.Contains("has no reward", Assert.Throws<KeyNotFoundException>(() => table["a"]).Message);
    }

    [Fact]
    public void Check_reads_everything()
    {
        using (var store = Open(Store))
            store.Append([Samples("a", 0, 3), Samples("b", 0, 3)]);
        ReferenceStore.Check(Store);
        StoreFileFixture.Sql(Store, "UPDATE samples SET completions = zeroblob(9) WHERE prompt = 'b'");
        using (var table = ReferenceTable.Load(Store))
            AssertSame(Samples("a", 0, 3), table["a"]);
        Assert.Contains("prompt \"b\"", Assert.Throws<InvalidDataException>(() => ReferenceStore.Check(Store)).Message);
    }

    [Fact]
    public void File_of_something_else_is_told_apart()
    {
        Assert.Throws<FileNotFoundException>(() => ReferenceTable.Load(Store));
        new ReferenceTable([Samples("a", 0, 3)], Provenance).Save(Named("table.jsonl"));
        AssertSame(Samples("a", 0, 3), ReferenceTable.Load(Named("table.jsonl"))["a"]);
        Assert.Contains("no store", Assert.Throws<InvalidDataException>(() => Open(Named("table.jsonl"))).Message);
        Directory.CreateDirectory(Store);
        Assert.Contains("Import", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Store)).Message);
    }
}
