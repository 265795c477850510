using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class StoreWriterTests : StoreFileFixture
{
    [Fact]
    public void What_is_appended_comes_back_bit_by_bit_prompts_in_order_and_samples_in_theirs()
    {
        Prompt conversation = Prompt.Conversation("""[{"role":"user","content":"a"}]""");
        StoreRow[] rows =
        [
            Row("b \0 é \u2028", 4, 3),
            Row("a", 4, 4, holes: true),
            Row(conversation, 0, 2),
            Row(conversation.Canonical, 0, 2),
            Row("b \0 é \u2028", 0, 4),
            RewardsAlone("r", 0, 1.5, null, double.Epsilon, -0.0, double.MaxValue, double.MaxValue),
            RewardsAlone("none", 0, null, null),
            Row("", 0, 1),
        ];
        Make(Store, rows[..4], rows[4..]);
        Assert.Equal(((int[])[4, 0, 1, 2, 3, 5, 6, 7]).Select(i => Describe(rows[i])), Contents(Store));
        using var reader = StoreReader.Open(Store);
        Assert.Equal(7, reader.Index.Prompts);
        Assert.Equal((2, 3, -1), (reader.Index.Find(conversation), reader.Index.Find(conversation.Canonical), reader.Index.Find("c")));
        Assert.Equal(rows[1].Rewards.AsEnumerable(), reader.ReadRewards(reader.Index.RowsOf(1)[0]).Rewards);
        Assert.Equal([(0, 4), (4, 3)], reader.Index.RowsOf(0).ToArray().Select(entry => (entry.First, entry.Drawn)));
        Assert.Equal(Facts, reader.Facts.OrderBy(fact => fact.Key, StringComparer.Ordinal));
        reader.Check();
    }

    [Fact]
    public void One_file_is_left_and_a_store_that_is_opened_and_not_written_keeps_its_bytes()
    {
        Make(Store, [Row("a", 0, 3)]);
        var before = Files();
        Assert.Equal(["store.db"], before.Keys);
        Write(Store).Dispose();
        Contents(Store);
        Assert.Equal(before, Files());
    }

    [Fact]
    public void Sample_that_is_there_is_refused_and_nothing_changes()
    {
        using var writer = Write(Store);
        writer.Append([Row("a", 64, 64)]);
        foreach (int first in (int[])[1, 63, 64, 127])
            Assert.Contains(
                "samples 64 to 127",
                Assert.Throws<ArgumentException>(() => writer.Append([Row("b", first, 64), Row("a", first, 64)])).Message
            );
        Assert.Contains("\"b\"", Assert.Throws<ArgumentException>(() => writer.Append([Row("b", 0, 2), Row("b", 1, 2)])).Message);
        Assert.Equal([(0, 200)], writer.Missing("b", 0, 200));
        Assert.Equal([Describe(Row("a", 64, 64))], Contents(Store));
        writer.Append([Row("a", 128, 2), Row("a", 0, 64)]);
        Assert.Equal([(130, 5)], writer.Missing("a", 0, 135));
        Assert.Equal(1, writer.Prompts);
    }

    [Fact]
    public void Row_that_cannot_be_kept_is_refused_by_prompt_and_fault()
    {
        using var writer = Write(Store);
        Refused("no sample", RewardsAlone("x", 0));
        Refused("index", RewardsAlone("x", -1, 1));
        Refused("index", RewardsAlone("x", int.MaxValue, 1));
        Refused("reward", RewardsAlone("x", 0, double.NaN));
        Refused("log pi_ref", RewardsAlone("x", 0, 1) with { LogReference = [double.NegativeInfinity] });
        Refused("log pi_ref", RewardsAlone("x", 0, 1) with { LogReference = [-1, -2] });
        Refused("texts", RewardsAlone("x", 0, 1) with { Content = new StoreContent { Texts = [] } });
        Refused("surrogate", RewardsAlone("x", 0, 1) with { Content = new StoreContent { Texts = ["\uD800"] } });
        Refused("\"s\"", RewardsAlone("x", 0, 1) with { Content = new StoreContent { Components = new() { ["s"] = [double.NaN] } } });
        Refused("\"s\"", RewardsAlone("x", 0, 1) with { Content = new StoreContent { Components = new() { ["s"] = [1, 2] } } });
        Assert.Equal(0, writer.Prompts);

        void Refused(string why, StoreRow row)
        {
            string message = Assert.Throws<ArgumentException>(() => writer.Append([Row("good", 0, 1), row])).Message;
            Assert.Contains(why, message);
            Assert.Contains("\"x\"", message);
        }
    }

    [Fact]
    public void Other_facts_are_refused_by_name_and_the_file_keeps_its_bytes()
    {
        Make(Store, [Row("a", 0, 3)]);
        var before = Files();
        string message = Assert
            .Throws<InvalidOperationException>(() => Write(Store, facts: [Facts[0], new("reward_model", "other"), new("seed", "2")]))
            .Message;
        Assert.Contains("reward_model is judge, here other; seed is 1, here 2", message);
        Assert.Contains(Store, message);
        Assert.Equal(before, Files());
        Write(Store).Dispose();
    }

    [Theory]
    [InlineData(ReferenceJournal.Automatic)]
    [InlineData(ReferenceJournal.Rollback)]
    public void Second_writer_is_refused_by_name_until_the_first_is_done_and_readers_go_on(ReferenceJournal journal)
    {
        using (var writer = Write(Store, new StoreWriting(Journal: journal)))
        {
            writer.Append([Row("a", 0, 3)]);
            string message = Assert.Throws<IOException>(() => Write(Store)).Message;
            Assert.Contains("being written", message);
            Assert.Contains(Store, message);
            using var reader = StoreReader.Open(Store);
            writer.Append([Row("b", 0, 3)]);
            Assert.Equal([Describe(Row("a", 0, 3))], Contents(reader));
            Assert.Equal(2, Contents(Store).Length);
            Assert.Equal(journal == ReferenceJournal.Automatic ? ReferenceJournal.WriteAheadLog : journal, writer.Journal);
        }

        using var second = Write(Store);
        Assert.Equal(2, second.Prompts);
    }

    [Fact]
    public void Reader_that_has_the_store_open_stops_nobody_and_an_empty_log_stays_until_the_next_writer_is_done()
    {
        StoreReader reader;
        using (var writer = Write(Store))
        {
            writer.Append([Row("a", 0, 3)]);
            reader = StoreReader.Open(Store);
        }

        Assert.Equal(0, new FileInfo(Log(Store)).Length);
        File.Copy(Store, Named("copy.db"));
        Assert.Equal([Describe(Row("a", 0, 3))], Contents(Named("copy.db")));
        Assert.Equal([Describe(Row("a", 0, 3))], Contents(reader));
        using (var writer = Write(Store))
            writer.Append([Row("b", 0, 3)]);
        Assert.Single(Contents(reader));
        reader.Dispose();
        using (var writer = Write(Store))
            writer.Append([Row("c", 0, 3)]);
        Assert.False(File.Exists(Log(Store)));
        Assert.Equal(3, Contents(Store).Length);
    }

    [Fact]
    public void Where_a_log_cannot_be_set_a_rollback_journal_is_used_and_said()
    {
        var dotfile = new StoreWriting(Vfs: "unix-dotfile");
        if (OperatingSystem.IsWindows())
            return; // which has no file system of SQLite without shared memory
        using (var writer = Write(Store, dotfile))
        {
            Assert.Equal(ReferenceJournal.Automatic, writer.Journal);
            writer.Append([Row("a", 0, 3)]);
            Assert.Equal(ReferenceJournal.Rollback, writer.Journal);
            writer.Append([Row("b", 0, 3)]);
            Assert.False(File.Exists(Log(Store)));
        }

        Assert.Equal(2, Contents(Store, "unix-dotfile").Length);
        using var strict = Write(Named("other.db"), dotfile with { Journal = ReferenceJournal.WriteAheadLog });
        Assert.Contains("Rollback", Assert.Throws<IOException>(() => strict.Append([Row("a", 0, 3)])).Message);
        Assert.Equal([(0, 3)], strict.Missing("a", 0, 3));
    }

    [Fact]
    public void Plain_columns_say_what_the_blobs_say()
    {
        StoreRow huge = RewardsAlone("m", 0, double.MaxValue, double.MaxValue);
        Make(Store, [RewardsAlone("a", 0, 1, null, 3, 3, -0.0), Row("b", 0, 10), RewardsAlone("n", 2, null, null), huge]);
        Assert.Equal(
            "5 1 0.0 1.75 3.0 3 ",
            Sql(
                Store,
                "SELECT concat_ws(' ', drawn, without_reward, minimum, mean, maximum, "
                    + "distinct_rewards, '') FROM samples WHERE prompt = 'a'"
            )
        );
        Assert.Equal(12 / 8.0, Sql(Store, "SELECT mean_tokens FROM samples WHERE prompt = 'b'"));
        Assert.Equal(
            "2 2 0 1",
            Sql(
                Store,
                "SELECT concat_ws(' ', drawn, without_reward, minimum, maximum, mean, mean_tokens, "
                    + "distinct_rewards, completions IS NULL) FROM samples WHERE prompt = 'n'"
            )
        );
        Assert.Equal(double.MaxValue, Sql(Store, "SELECT mean FROM samples WHERE prompt = 'm'"));
        Assert.Equal(0L, Sql(Store, "SELECT conversation FROM samples WHERE prompt = 'm'"));
        Assert.Equal("000000000000f87f", Sql(Store, "SELECT lower(hex(substr(rewards, 9, 8))) FROM samples WHERE prompt = 'a'"));
    }

    [Fact]
    public void Prompts_are_found_in_a_store_that_was_vacuumed_and_shards_merge_once()
    {
        Make(Named("one.db"), [Row("a", 0, 4), Row("b", 0, 4, holes: true)]);
        Make(Named("two.db"), [Row("b", 4, 4), Row("c", 0, 8)], [Row("a", 4, 4)]);
        foreach (int copied in (int[])[5, 0])
        {
            using var writer = Write(Store);
            Assert.Equal(copied, ((string[])["one.db", "two.db"]).Sum(name => Merged(writer, name)));
        }

        string[] whole =
        [
            .. new[] { Row("a", 0, 4), Row("a", 4, 4), Row("b", 0, 4, holes: true), Row("b", 4, 4), Row("c", 0, 8) }.Select(Describe),
        ];
        Assert.Equal(whole, Contents(Store));
        Sql(Store, $"VACUUM INTO '{Named("copy.db")}'");
        Assert.Equal(whole, Contents(Named("copy.db")));
        Make(Named("three.db"), [Row("a", 2, 4)]);
        using var again = Write(Store);
        string message = Assert.Throws<InvalidOperationException>(() => Merged(again, "three.db")).Message;
        Assert.Contains("samples 2 to 5 of the prompt \"a\"", message);
        Assert.Contains("samples 0 to 3, 4 to 7", message);

        int Merged(StoreWriter writer, string name)
        {
            using var shard = StoreReader.Open(Named(name));
            return writer.Merge(shard);
        }
    }
}
