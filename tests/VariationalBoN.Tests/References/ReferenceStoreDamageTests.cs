using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>What a killed process, a full disk or a bad copy leaves.</summary>
[Trait("Tier", "fast")]
public sealed class ReferenceStoreDamageTests : StoreFixture
{
    public static TheoryData<ReferenceCompression> Compressions => [.. Enum.GetValues<ReferenceCompression>()];

    private string Index => Path.Combine(Folder, "rewards.index");

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Last_batch_that_breaks_off_anywhere_is_cut_off_on_resume_and_said(ReferenceCompression compression)
    {
        long firstBatch;
        using (var store = Open(Folder, compression))
        {
            store.Append([Samples("a", 0, 2), Samples("b", 0, 2)]);
            firstBatch = new FileInfo(Data(Folder)).Length;
            store.Append([Samples("c", 0, 2), Samples("d", 0, 2)]);
        }

        byte[] whole = File.ReadAllBytes(Data(Folder));
        for (int length = (int)firstBatch; length < whole.Length; length += length < whole.Length - 40 ? 7 : 1)
        {
            Leave(Folder, whole[..length]);
            using (var store = Open(Folder))
            {
                Assert.Equal(2, store.Prompts);
                Assert.Equal(length == firstBatch ? null : new ReferenceRepair(Data(Folder), 3, firstBatch, length - firstBatch), store.Repair);
                store.Append([Samples("c", 0, 2), Samples("d", 0, 2)]);
            }

            Assert.Equal(whole, File.ReadAllBytes(Data(Folder)));
        }
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Load_refuses_a_file_that_breaks_off_in_a_record(ReferenceCompression compression)
    {
        using (var store = Open(Folder, compression))
            store.Append([Samples("a", 0, 2), Samples("b", 0, 2)]);
        byte[] whole = File.ReadAllBytes(Data(Folder));
        foreach (int missing in (int[])[1, 2, 40])
        {
            Leave(Folder, whole[..^missing]);
            string message = Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Folder)).Message;
            Assert.Contains($"{Data(Folder)}, line 2 (byte ", message);
            Assert.Contains("breaks off", message);
            Assert.Contains("Resume", message);
        }
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Damage_in_the_middle_is_named_by_file_line_and_byte_and_nothing_is_cut(ReferenceCompression compression)
    {
        long start, end;
        using (var store = Open(Folder, compression))
        {
            store.Append([Samples("a", 0, 2)]);
            start = new FileInfo(Data(Folder)).Length;
            store.Append([Samples("b", 0, 2)]);
            end = new FileInfo(Data(Folder)).Length;
            store.Append([Samples("c", 0, 2)]);
        }

        byte[] whole = File.ReadAllBytes(Data(Folder));
        for (long at = start; at < end; at += at < end - 40 && at > start + 20 ? 3 : 1)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 1;
            Leave(Folder, damaged);
            string message = Assert.Throws<InvalidDataException>(() => Open(Folder)).Message;
            Assert.Contains($"{Data(Folder)}, line 2 (byte {start})", message);
            Assert.Equal(message, Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Folder)).Message);
            Assert.Equal(damaged, File.ReadAllBytes(Data(Folder)));
        }
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Last_record_that_has_its_end_is_no_torn_one(ReferenceCompression compression)
    {
        byte[] whole = Three(compression, out long start);
        for (long at = start; at < whole.Length - 1; at += at > start + 30 ? 3 : 1)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 1;
            Leave(Folder, damaged);
            if (compression == ReferenceCompression.Gzip && at - start is 16 or 17 or 18 or 19)
                continue; // a member that says it is longer than the file has lost its end
            Assert.Contains($"{Data(Folder)}, line 3 (byte {start})", Assert.Throws<InvalidDataException>(() => Open(Folder)).Message);
            Assert.Equal(damaged, File.ReadAllBytes(Data(Folder)));
        }
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Zeros_that_a_disk_without_power_leaves_at_the_end_are_a_torn_batch(ReferenceCompression compression)
    {
        byte[] whole = Three(compression, out long start);
        foreach (long kept in (long[])[start, start + 5, start + 17, start + 25, whole.Length - 30])
        {
            byte[] torn = [.. whole];
            torn.AsSpan((int)kept).Clear();
            foreach (byte[] records in (byte[][])[torn, [.. torn, .. new byte[70_000]]])
            {
                Leave(Folder, records);
                Assert.Contains("breaks off", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Folder)).Message);
                using (var store = Open(Folder))
                    Assert.Equal(new ReferenceRepair(Data(Folder), 3, start, records.Length - start), store.Repair);
                Assert.Equal(whole[..(int)start], File.ReadAllBytes(Data(Folder)));
            }
        }
    }

    [Fact]
    public void Records_that_the_side_file_knows_and_that_are_gone_are_an_error()
    {
        byte[] whole = Three(ReferenceCompression.None, out long start);
        foreach (byte[]? left in (byte[]?[])[whole[..(int)start], whole[..^1], [], null])
        {
            if (left is null)
                File.Delete(Data(Folder));
            else
                File.WriteAllBytes(Data(Folder), left);
            string message = Assert.Throws<InvalidDataException>(() => Open(Folder)).Message;
            Assert.Equal(message, Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Folder)).Message);
            Assert.Contains($"held {whole.Length} bytes", message);
            Assert.Contains($"delete {Index}", message);
            Assert.Equal(left, File.Exists(Path.Combine(Folder, "samples.jsonl")) ? File.ReadAllBytes(Data(Folder)) : null);
        }

        File.Delete(Index);
        using var store = Open(Folder);
        Assert.Equal(0, store.Prompts);
    }

    [Fact]
    public void Copy_opens_with_its_side_file_whatever_the_time_and_without_a_lock()
    {
        Three(ReferenceCompression.None, out _);
        byte[] index = File.ReadAllBytes(Index);
        File.SetLastWriteTimeUtc(Data(Folder), DateTime.UnixEpoch);
        ForbidWriting();
        using var table = ReferenceTable.Load(Folder);
        AssertSame(Samples("c", 0, 2), table["c"]);
        Assert.Equal(index, File.ReadAllBytes(Index));
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Folder_that_cannot_be_written_is_read_all_the_same(ReferenceCompression compression)
    {
        Three(compression, out _);
        File.Delete(Index);
        ForbidWriting();
        string[] before = Directory.GetFileSystemEntries(Folder);
        using (var table = ReferenceTable.Load(Folder))
            AssertSame(Samples("c", 0, 2), table["c"]);
        Assert.Equal(before, Directory.GetFileSystemEntries(Folder));
        Assert.DoesNotContain("another process", Assert.ThrowsAny<Exception>(() => Open(Folder)).Message);
    }

    [Fact]
    public void Records_of_another_side_file_are_found_when_they_are_read()
    {
        Three(ReferenceCompression.None, out long start);
        byte[] records = File.ReadAllBytes(Data(Folder)), index = File.ReadAllBytes(Index);
        string other = Named("other");
        using (var store = Open(other))
        {
            store.Append([Samples("x", 0, 2)]);
            store.Append([Samples("b", 0, 2)]);
            store.Append([Samples("c", 0, 2)]);
        }

        Assert.Equal(records[(int)start..], File.ReadAllBytes(Data(other))[(int)start..]);
        File.WriteAllBytes(Path.Combine(other, "rewards.index"), index);
        using var table = ReferenceTable.Load(other);
        Assert.Contains("rewards.index", Assert.Throws<InvalidDataException>(() => table["a"].Samples).Message);
        AssertSame(Samples("c", 0, 2), table["c"]);
    }

    [Fact]
    public void Damage_that_the_side_file_does_not_know_of_is_found_when_the_record_is_read()
    {
        using (var store = Open(Folder))
            store.Append([Samples("a", 0, 2), Samples("b", 0, 2)]);
        ReferenceTable.Load(Folder).Dispose();
        byte[] data = File.ReadAllBytes(Data(Folder));
        int second = Array.IndexOf(data, (byte)'\n') + 1;
        data[^100] ^= 1;
        File.WriteAllBytes(Data(Folder), data);
        using var table = ReferenceTable.Load(Folder);
        AssertSame(Samples("a", 0, 2), table["a"]);
        Assert.Equal(Samples("b", 0, 2).Rewards.ToArray(), table["b"].Rewards.ToArray());
        Assert.Contains($"{Data(Folder)}, line 2 (byte {second})", Assert.Throws<InvalidDataException>(() => table["b"].Samples).Message);
    }

    [Fact]
    public void Side_file_that_is_missing_damaged_or_old_is_made_anew()
    {
        using (var store = Open(Folder))
            store.Append([Samples("a", 0, 3), Samples("b", 0, 3)]);
        ReferenceTable.Load(Folder).Dispose();
        byte[] good = File.ReadAllBytes(Index);
        for (int at = 0; at < good.Length; at += 3)
        {
            byte[] damaged = [.. good];
            damaged[at] ^= 0x10;
            Rebuilt(damaged);
        }

        for (int length = 0; length < good.Length; length += 7)
            Rebuilt(good[..length]);
        Rebuilt([.. good, 0]);
        File.Delete(Index);
        Rebuilt(null);
        void Rebuilt(byte[]? content)
        {
            if (content is not null)
                File.WriteAllBytes(Index, content);
            using var table = ReferenceTable.Load(Folder);
            AssertSame(Samples("b", 0, 3), table["b"]);
            Assert.Equal(good, File.ReadAllBytes(Index));
        }
    }

    [Fact]
    public void Sample_that_two_records_hold_is_refused()
    {
        using (var store = Open(Folder))
            store.Append([Samples("a", 0, 3)]);
        byte[] record = File.ReadAllBytes(Data(Folder));
        Leave(Folder, [.. record, .. record]);
        string message = Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Folder)).Message;
        Assert.Contains($"line 2 (byte {record.Length})", message);
        Assert.Contains("another record holds", message);
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Batch_that_cannot_be_written_leaves_the_store_as_it_was(ReferenceCompression compression)
    {
        FaultyStream? fault = null;
        using var store = ReferenceStore.Open(Folder, Provenance, new ReferenceStoreOptions { Compression = compression }, file => fault = new FaultyStream(file));
        store.Append([Samples("a", 0, 2)]);
        byte[] before = File.ReadAllBytes(Data(Folder));
        for (int room = 0; room < 300; room += 23)
        {
            fault!.Room = room;
            string message = Assert.Throws<IOException>(() => store.Append([Samples("b", 0, 2), Samples("c", 0, 2)])).Message;
            Assert.Contains(Data(Folder), message);
            Assert.Contains("No space left", message);
            Assert.Contains("as it was before", message);
            Assert.Equal(before, File.ReadAllBytes(Data(Folder)));
        }

        Assert.Equal(1, store.Prompts);
        fault!.Room = null;
        store.Append([Samples("b", 0, 2), Samples("c", 0, 2)]);
        using var table = store.AsTable();
        AssertSame(Samples("c", 0, 2), table["c"]);
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Side_file_that_grew_is_the_one_that_is_made_from_the_records(ReferenceCompression compression)
    {
        for (int session = 0; session < 3; session++)
        {
            using var store = Open(Folder, compression);
            store.Append([Samples($"a{session}", 0, 3), Samples("b", 4 * session, 4, excluded: session)], 4 * session);
            if (session == 1)
                store.AsTable().Dispose();
            store.Append([Samples("c", 10 - session, 1)], 10 - session);
        }

        byte[] grown = File.ReadAllBytes(Index);
        File.Delete(Index);
        ReferenceTable.Load(Folder).Dispose();
        Assert.Equal(File.ReadAllBytes(Index), grown);
    }

    [Fact]
    public void Side_file_that_cannot_be_written_costs_no_record()
    {
        using (var store = Open(Folder))
        {
            store.Append([Samples("a", 0, 2)]);
            File.Delete(Index);
            Directory.CreateDirectory(Index); // in its place
            Assert.Contains(Index, Assert.ThrowsAny<Exception>(() => store.AsTable()).Message);
            store.Append([Samples("b", 0, 2)]);
        }

        Assert.Empty(Directory.GetFiles(Folder, "*.tmp"));
        Directory.Delete(Index);
        using var table = ReferenceTable.Load(Folder);
        AssertSame(Samples("b", 0, 2), table["b"]);
    }

    [Fact]
    public void Full_device_is_told_and_the_store_goes_on()
    {
        if (!OperatingSystem.IsLinux())
            return; // /dev/full
        using (var store = ReferenceStore.Open(Folder, Provenance, new ReferenceStoreOptions(), _ => new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0)))
        {
            string message = Assert.Throws<IOException>(() => store.Append([Samples("a", 0, 2)])).Message;
            Assert.Contains("No space left on device", message);
            Assert.Contains("as it was before", message);
            Assert.Equal(0, store.Prompts);
        }

        using var next = Open(Folder);
        next.Append([Samples("a", 0, 2)]);
        using var table = next.AsTable();
        AssertSame(Samples("a", 0, 2), table["a"]);
    }

    /// <summary>Prompts a, b and c, each a batch.</summary>
    private byte[] Three(ReferenceCompression compression, out long lastStart)
    {
        using (var store = Open(Folder, compression))
        {
            store.Append([Samples("a", 0, 2)]);
            store.Append([Samples("b", 0, 2)]);
            lastStart = new FileInfo(Data(Folder)).Length;
            store.Append([Samples("c", 0, 2)]);
        }

        return File.ReadAllBytes(Data(Folder));
    }

    /// <summary>Makes the lock impossible to take, as on a medium that cannot be written; tests run as root, whom permissions do not stop.</summary>
    private void ForbidWriting()
    {
        File.Delete(Path.Combine(Folder, "writer.lock"));
        Directory.CreateDirectory(Path.Combine(Folder, "writer.lock"));
    }

    /// <summary>A stream on a disk that has room for so many bytes more.</summary>
    private sealed class FaultyStream(Stream inner) : MemoryStream
    {
        public int? Room { get; set; }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            inner.Write(buffer[..Math.Min(buffer.Length, Room ?? int.MaxValue)]);
            if (buffer.Length > Room)
                throw new IOException("No space left on device.");
        }
    }
}
