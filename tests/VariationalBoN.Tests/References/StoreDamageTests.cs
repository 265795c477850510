using System.Globalization;
using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>Files that are not as they were written, or not ours: an error that names file and place, and not a byte is changed.</summary>
[Trait("Tier", "fast")]
public sealed class StoreDamageTests : StoreFileFixture
{
    [Fact]
    public void Byte_that_changed_anywhere_is_told_or_means_nothing()
    {
        Make(Store, [Row("a", 0, 30), Row("b", 0, 30, holes: true)], [RewardsAlone("c", 0, 1, null), Row("a", 30, 200)]);
        byte[] whole = File.ReadAllBytes(Store);
        string[] expected = Contents(Store);
        var random = new Random(11);
        int told = 0;
        foreach (int at in Enumerable.Range(0, 100).Concat(Enumerable.Range(0, 400).Select(_ => random.Next(whole.Length))))
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(Store, damaged);
            try
            {
                Assert.Equal(expected, Contents(Store));
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(Store, e.Message);
                told++;
            }

            if (at is not (18 or 19)) // the bytes that say whether there is a log, which is then looked for
                Assert.Equal(damaged, File.ReadAllBytes(Store));
            foreach (string beside in Directory.GetFiles(Folder, "store.db-*"))
                File.Delete(beside);
        }

        Assert.True(told > 50, $"{told} were told");
    }

    [Fact]
    public void File_that_was_cut_is_told_wherever()
    {
        Make(Store, [.. Enumerable.Range(0, 30).Select(i => Row($"p{i}", 0, 60))]);
        byte[] whole = File.ReadAllBytes(Store);
        int end = Array.FindLastIndex(whole, value => value != 0); // what follows is room in the last page
        for (int length = end; length > 0; length -= 1 + (length % 5000))
        {
            File.WriteAllBytes(Store, whole[..length]);
            Assert.Contains(Store, Assert.Throws<InvalidDataException>(() => Contents(Store)).Message);
            Assert.Equal(whole[..length], File.ReadAllBytes(Store));
        }
    }

    /// <summary>What the long form of the fuzz found once: the index then said that one prompt was two.</summary>
    [Fact]
    public void Key_that_changed_in_the_index_is_told()
    {
        Make(Store, [Row("a", 0, 3)], [Row("a", 3, 3)]);
        byte[] file = File.ReadAllBytes(Store);
        int[] places =
        [
            .. Enumerable.Range(0, file.Length).Where(at => file.AsSpan(at).StartsWith(StoreCheck.Key("a", isConversation: false))),
        ];
        Assert.Equal(4, places.Length); // of each row in the table and in the index
        foreach (int at in places)
        {
            byte[] damaged = [.. file];
            damaged[at] ^= 1;
            File.WriteAllBytes(Store, damaged);
            using var reader = StoreReader.Open(Store);
            Assert.Contains(Store, Assert.Throws<InvalidDataException>(reader.Check).Message);
            if (reader.Index.Prompts == 2)
                Assert.Contains("index", Assert.Throws<InvalidDataException>(() => Contents(reader)).Message);
        }
    }

    [Theory]
    [InlineData("rewards = zeroblob(16)", "rewards_check")]
    [InlineData("minimum = -5", "rewards_check")]
    [InlineData("prompt = 'x'", "rewards_check")]
    [InlineData("prompt = CAST(x'ff' AS TEXT)", "row 2")]
    [InlineData("conversation = 1", "rewards_check")]
    [InlineData("mean_tokens = NULL", "rewards_check")]
    [InlineData("row_check = x'00'", "row_check")]
    [InlineData("completions_length = 7", "row_check")]
    [InlineData("completions = NULL", "row_check")]
    [InlineData("log_reference = NULL", "row_check")]
    public void Row_that_changed_is_named_with_its_prompt_and_the_others_are_read(string change, string why)
    {
        Make(Store, [Row("a", 0, 2), Row("b", 0, 2), Row("c", 0, 2)]);
        Sql(Store, $"UPDATE samples SET {change} WHERE id = 2");
        using var reader = StoreReader.Open(Store);
        string message = Assert.Throws<InvalidDataException>(() => reader.Read(reader.Index.RowsOf(1)[0])).Message;
        Assert.Contains($"{Store}, row 2", message);
        Assert.Contains(why, message);
        if (!change.StartsWith("prompt", StringComparison.Ordinal))
            Assert.Contains("samples 0 to 1 of the prompt \"b\"", message);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(reader.Check).Message);
        Assert.Equal(Describe(Row("c", 0, 2)), Describe(reader.Read(reader.Index.RowsOf(2)[0])));
        if (why == "row_check")
            Assert.Equal(Row("b", 0, 2).Rewards.AsEnumerable(), reader.ReadRewards(reader.Index.RowsOf(1)[0]).Rewards);
        using var writer = Write(Named("merged.db"));
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => writer.Merge(reader)).Message);
    }

    [Fact]
    public void Row_with_right_checksums_and_what_this_library_does_not_write_is_refused()
    {
        Refused("entry 1 of its rewards", rewards: BitConverter.GetBytes(1.0).Concat(BitConverter.GetBytes(double.PositiveInfinity)));
        // another NaN than that of a sample without reward
        Refused("entry 0 of its rewards", rewards: BitConverter.GetBytes(double.NaN).Concat(BitConverter.GetBytes(1.0)));
        Refused("8 bytes", logReference: BitConverter.GetBytes(1.0));
        Refused("log_reference is 5", logReference: StoreNumbers.Write([-1.0, 5.0]));
        Refused("cannot be decompressed", completions: new byte[1_000_000], length: 900_000_000);
        Refused("9000000000", completions: new byte[100], length: 9_000_000_000);
        Refused("-1", completions: new byte[100], length: -1);
        Refused("decompressed", completions: new byte[100], length: 101);
        Refused("without their length", completions: new byte[100]);
        Refused("JSON", completions: "{\"texts\":[1,2]}"u8.ToArray(), length: 15);
        Refused("3 entries of texts", completions: "{\"texts\":[\"\",\"\",\"\"]}"u8.ToArray(), length: 20);
        Refused("JSON", completions: "{\"texts\":null,\"texts\":null}"u8.ToArray(), length: 27);
        Refused("null", completions: "null"u8.ToArray(), length: 4);
        Refused("form", prompt: "[{\"role\": \"user\"}]", conversation: true);
        Refused("conversation", prompt: "hello", conversation: true);

        void Refused(
            string why,
            IEnumerable<byte>? rewards = null,
            byte[]? logReference = null,
            byte[]? completions = null,
            long? length = null,
            string prompt = "b",
            bool conversation = false
        )
        {
            byte[] bytes = rewards?.ToArray() ?? StoreNumbers.Write([1.0, 2.0]),
                key = StoreCheck.Key(prompt, conversation);
            byte[] check = StoreCheck.OfRewards(key, 0, 2, new StoreSummary(0, 1, 1.5, 2, 2, null), bytes);
            byte[] rowCheck = StoreCheck.OfRow(check, logReference, length, completions);
            File.Delete(Store);
            Make(Store, [RewardsAlone("a", 0, 1, 2)]);
            Sql(
                Store,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"INSERT INTO samples VALUES(7, '{prompt}', {(conversation ? 1 : 0)}, "
                        + $"0, 2, 0, 1, 1.5, 2, 2, NULL, {Hex(key)}, {Hex(check)}, {Hex(rowCheck)}, "
                        + $"{length?.ToString(CultureInfo.InvariantCulture) ?? "NULL"}, {Hex(bytes)}, {Hex(logReference)}, "
                        + $"{Hex(completions)})"
                )
            );
            using var reader = StoreReader.Open(Store);
            long before = GC.GetAllocatedBytesForCurrentThread();
            string message = Assert.Throws<InvalidDataException>(() => reader.Read(reader.Index.RowsOf(1)[0])).Message;
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50_000_000);
            Assert.Contains($"{Store}, row 7", message);
            Assert.Contains(why, message);
        }

        static string Hex(byte[]? bytes) => bytes is null ? "NULL" : $"x'{Convert.ToHexString(bytes)}'";
    }

    [Fact]
    public void Sample_that_two_rows_hold_is_refused()
    {
        Make(Store, [Row("a", 0, 3)]);
        Sql(Store, "CREATE TEMP TABLE t AS SELECT * FROM samples; UPDATE t SET id = 9, first = 2; INSERT INTO samples SELECT * FROM t");
        string message = Assert.Throws<InvalidDataException>(() => StoreReader.Open(Store)).Message;
        Assert.Contains($"{Store}, row 9", message);
        Assert.Contains("row 1", message);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Write(Store)).Message);
    }

    [Theory]
    [InlineData("CREATE TRIGGER t AFTER INSERT ON samples BEGIN DELETE FROM samples; END", "trigger")]
    [InlineData("ALTER TABLE samples ADD COLUMN more TEXT", "samples")]
    [InlineData("ALTER TABLE samples RENAME TO old; CREATE VIEW samples AS SELECT * FROM old", "samples")]
    [InlineData("DROP TABLE store", "store")]
    [InlineData("DROP INDEX samples_by_prompt", "samples_by_prompt")]
    [InlineData("PRAGMA application_id = 5", "application_id")]
    [InlineData("PRAGMA user_version = 2", "version 2")]
    public void Tables_that_this_library_did_not_make_are_refused(string sql, string why)
    {
        Make(Store, [Row("a", 0, 3)]);
        Sql(Store, sql);
        var before = Files();
        string message = Assert.Throws<InvalidDataException>(() => StoreReader.Open(Store)).Message;
        Assert.Contains(Store, message);
        Assert.Contains(why, message);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Write(Store)).Message);
        Assert.Equal(before, Files());
    }

    [Fact]
    public void Tables_of_somebody_else_beside_ours_are_left_alone()
    {
        Make(Store, [Row("a", 0, 3)]);
        Sql(Store, "CREATE TABLE notes(text); INSERT INTO notes VALUES('mine'); CREATE VIEW best AS SELECT prompt, maximum FROM samples");
        using (var writer = Write(Store))
            writer.Append([Row("b", 0, 3)]);
        Assert.Equal(2, Contents(Store).Length);
        Assert.Equal("mine", Sql(Store, "SELECT text FROM notes"));
    }

    [Fact]
    public void File_that_is_no_store_is_refused_and_left_alone()
    {
        File.WriteAllText(
            Store,
            "my thesis, which is longer than a hundred bytes, so that it could be a file of SQLite if it began as one does"
        );
        Refused<InvalidDataException>("no store");
        File.WriteAllBytes(Store, []);
        Refused<InvalidDataException>("empty");
        File.Delete(Store);
        Sql(Store, "PRAGMA journal_mode = WAL; CREATE TABLE mine(a)");
        Refused<InvalidDataException>("application_id");
        File.Delete(Store);
        Directory.CreateDirectory(Store);
        Refused<InvalidDataException>("folder");
        Directory.Delete(Store);
        Assert.Contains(Store, Assert.Throws<FileNotFoundException>(() => StoreReader.Open(Store)).Message);

        void Refused<T>(string why)
            where T : Exception
        {
            var before = Files();
            string message = Assert.Throws<T>(() => StoreReader.Open(Store)).Message;
            Assert.Contains(Store, message);
            Assert.Contains(why, message);
            Assert.Equal(message, Assert.Throws<T>(() => Write(Store)).Message);
            Assert.Equal(before, Files());
        }
    }

    [Fact]
    public void Copy_without_its_log_is_told_from_a_store_that_is_whole()
    {
        using (var writer = Write(Store))
        {
            writer.Append([Row("a", 0, 3)]);
            foreach (string file in (string[])[Store, Log(Store)])
                File.Copy(file, Path.Combine(Directory.CreateDirectory(Named("killed")).FullName, Path.GetFileName(file)));
            Sql(Store, $"VACUUM INTO '{Named("vacuum.db")}'");
        }

        string killed = Path.Combine(Named("killed"), "store.db"),
            alone = Named("alone.db");
        File.Copy(killed, alone);
        var before = Files();
        string message = Assert.Throws<InvalidDataException>(() => StoreReader.Open(alone)).Message;
        Assert.Contains(Log(alone), message);
        Assert.Contains("VACUUM INTO", message);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Write(alone)).Message);
        Assert.Equal(before, Files());
        Assert.Equal([Describe(Row("a", 0, 3))], Contents(Named("vacuum.db")));
        Assert.Equal([Describe(Row("a", 0, 3))], Contents(killed));

        Assert.True(
            new ReferenceStoreOptions { AcceptLostLog = true }
                .ToWriting()
                .AcceptLostLog
        );
        using (var writer = Write(alone, new StoreWriting(AcceptLostLog: true)))
        {
            Assert.Equal([(0, 3)], writer.Missing("a", 0, 3));
            writer.Append([Row("a", 0, 3)]);
        }

        Assert.Equal([Describe(Row("a", 0, 3))], Contents(alone));
    }

    [Theory]
    [InlineData(ReferenceJournal.Rollback)]
    [InlineData(ReferenceJournal.WriteAheadLog)]
    public void Store_of_a_killed_writer_that_is_gone_on_with_in_another_way_needs_no_log_any_more(ReferenceJournal journal)
    {
        string folder = Directory.CreateDirectory(Named("killed")).FullName,
            killed = Path.Combine(folder, "store.db");
        using (var writer = Write(Store))
        {
            writer.Append([Row("a", 0, 3)]);
            foreach (string left in (string[])[Store, Log(Store)])
                File.Copy(left, Path.Combine(folder, Path.GetFileName(left)));
        }

        using (var writer = Write(killed, new StoreWriting(FlushToDisk: false, Journal: journal)))
            writer.Append([Row("b", 0, 2)]);
        Assert.False(File.Exists(Log(killed)));
        Assert.Equal([Describe(Row("a", 0, 3)), Describe(Row("b", 0, 2))], Contents(killed));
    }

    [Fact]
    public void Store_that_was_left_by_a_killed_process_is_read_as_it_is_and_gone_on_with()
    {
        string folder = Directory.CreateDirectory(Named("killed")).FullName,
            killed = Path.Combine(folder, "store.db");
        using (var writer = Write(Store))
        {
            writer.Append([Row("a", 0, 3)]);
            foreach (string left in (string[])[Store, Log(Store)])
                File.Copy(left, Path.Combine(folder, Path.GetFileName(left)));
        }

        byte[] file = File.ReadAllBytes(killed),
            log = File.ReadAllBytes(Log(killed));
        Assert.Single(Contents(killed));
        Assert.Equal(file, File.ReadAllBytes(killed));
        Assert.Equal(log, File.ReadAllBytes(Log(killed)));
        Assert.Throws<InvalidOperationException>(() => Write(killed, facts: [new("seed", "2")]));
        Assert.Single(Contents(killed)); // who was refused has not taken the log away
        using (var writer = Write(killed))
            writer.Append([Row("b", 0, 3)]);
        Assert.False(File.Exists(Log(killed)));
        Assert.Equal(2, Contents(killed).Length);
    }

    [Fact]
    public void Log_of_a_store_that_is_gone_is_not_mixed_into_a_new_one()
    {
        File.WriteAllText(Log(Store), "old");
        Assert.Contains(Log(Store), Assert.Throws<IOException>(() => Write(Store)).Message);
        Assert.False(File.Exists(Store));
        File.Delete(Log(Store));
        File.WriteAllText(Store + ".new", "of a killed process");
        Write(Store).Dispose();
        Assert.Equal(["store.db"], Files().Keys);
    }
}
