using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>Disks that are full or fail: every error reaches the caller, and nothing that was reported as kept is lost.</summary>
[Trait("Tier", "fast")]
public sealed class StoreDiskFaultTests : StoreFileFixture
{
    private readonly StoreDisk _disk = new();

    public static TheoryData<StoreDiskAction, int, ReferenceJournal, string> Faults
    {
        get
        {
            var faults = new TheoryData<StoreDiskAction, int, ReferenceJournal, string>();
            foreach (var journal in (ReferenceJournal[])[ReferenceJournal.WriteAheadLog, ReferenceJournal.Rollback])
            {
                faults.Add(StoreDiskAction.Write, StoreDisk.Full, journal, "full");
                faults.Add(StoreDiskAction.Write, StoreDisk.IoErrorWrite, journal, "I/O");
                faults.Add(StoreDiskAction.Sync, StoreDisk.IoErrorSync, journal, "I/O");
            }

            return faults;
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _disk.Dispose();
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Batch_that_cannot_be_written_is_an_error_wherever_it_fails_and_the_store_is_as_it_was(
        StoreDiskAction action,
        int code,
        ReferenceJournal journal,
        string why
    )
    {
        var kept = new List<StoreRow>();
        int operations = 0,
            failed = 0;
        using (var writer = Write(Store, new StoreWriting(Journal: journal, Vfs: _disk.Name)))
        {
            Keep(writer, Row("p", 0, 60));
            for (int at = 0; ; at++)
            {
                StoreRow[] batch = [Row($"b{at}", 0, 50), Row($"c{at}", 0, 50)];
                operations = 0;
                _disk.Fault = operation => operation.Action == action && operations++ >= at ? code : 0; // from then on, all
                try
                {
                    writer.Append(batch);
                    break;
                }
                catch (IOException e)
                {
                    failed++;
                    Assert.Contains(Store, e.Message);
                    Assert.Contains(why, e.Message);
                    Assert.Contains("as it was before", e.Message);
                }

                Assert.Equal([(0, 50)], writer.Missing($"b{at}", 0, 50));
                _disk.Fault = _ => 0;
                Keep(writer, Row($"good{at}", 0, 3));
                Assert.Equal(kept.Select(Describe), Contents(Store));
            }

            _disk.Fault = _ => 0;
        }

        Assert.True(failed > 0 && failed == operations, $"{failed} of {operations}");
        using var reader = StoreReader.Open(Store);
        reader.Check();

        void Keep(StoreWriter writer, StoreRow row)
        {
            writer.Append([row]);
            kept.Add(row);
        }
    }

    [Theory]
    [InlineData(StoreDiskAction.Write, StoreDisk.Full)]
    [InlineData(StoreDiskAction.Sync, StoreDisk.IoErrorSync)]
    public void Log_that_cannot_be_put_into_the_file_is_an_error_of_closing_and_nothing_is_lost(StoreDiskAction action, int code)
    {
        StoreRow[] rows = [.. Enumerable.Range(0, 40).Select(i => Row($"p{i}", 0, 40))];
        var writer = Write(Store, new StoreWriting(Vfs: _disk.Name));
        writer.Append(rows);
        _disk.Fault = operation => operation.Action == action && operation.Path == Store ? code : 0;
        string message = Assert.Throws<IOException>(writer.Close).Message;
        writer.Dispose(); // says nothing, and has let go of the lock
        Assert.Contains(Log(Store), message);
        Assert.True(new FileInfo(Log(Store)).Length > 0);
        _disk.Fault = _ => 0;
        Assert.Equal(rows.Select(Describe), Contents(Store));
        using (var next = Write(Store))
            next.Append([Row("next", 0, 1)]);
        Assert.False(File.Exists(Log(Store)));
        Assert.Equal(41, Contents(Store).Length);
    }

    [Fact]
    public void Disposal_on_a_disk_that_fails_throws_nothing_lets_go_of_the_lock_and_loses_nothing()
    {
        using (var writer = Write(Store, new StoreWriting(Vfs: _disk.Name)))
        {
            writer.Append([Row("p", 0, 4)]);
            _disk.Fault = operation => operation.Action is StoreDiskAction.Write or StoreDiskAction.Sync ? StoreDisk.Full : 0;
        }

        using (StoreLock.Take(Store))
            _disk.Fault = _ => 0;
        Assert.Equal([Describe(Row("p", 0, 4))], Contents(Store));
    }

    [Fact]
    public void Disk_that_fails_while_a_store_is_made_leaves_none()
    {
        foreach (var action in (StoreDiskAction[])[StoreDiskAction.Write, StoreDiskAction.Sync])
        {
            _disk.Fault = operation => operation.Action == action ? StoreDisk.Full : 0;
            Assert.Contains("full", Assert.Throws<IOException>(() => Write(Store, new StoreWriting(Vfs: _disk.Name))).Message);
            Assert.Empty(Files());
        }
    }
}
