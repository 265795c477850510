using System.Buffers.Binary;
using Tensorboard;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

/// <summary>Event files, read by TorchSharp's classes of TensorBoard's messages and by a CRC of our own, bit by bit.</summary>
[Trait("Tier", "fast")]
public sealed class TensorBoardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tensorboard-").FullName;

    private string Lines => Path.Combine(_folder, "metrics.jsonl");

    private string Events => Path.Combine(_folder, "events");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Steps_names_and_values_are_those_that_were_written_with_the_time_in_seconds()
    {
        double before = Seconds();
        using (var log = new MetricsLog(Lines, Events))
        {
            log.Write(3, [new("reward", 0.1), new("kl", double.NaN), new("entropy in bits", -2.5)]);
            log.Write(5_000_000_000, [new("reward", double.PositiveInfinity)]);
        }

        Event[] events = Read(Assert.Single(Directory.GetFiles(Events, "events.out.tfevents.*")));
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.Equal((3L, SessionLog.Types.SessionStatus.Start), (events[1].Step, events[1].SessionLog.Status));
        Assert.Equal(3, events[2].Step);
        Assert.Equal(
            [("reward", 0.1f), ("kl", float.NaN), ("entropy in bits", -2.5f)],
            events[2].Summary.Value.Select(value => (value.Tag, value.SimpleValue))
        );
        Assert.Equal((5_000_000_000, float.PositiveInfinity), (events[3].Step, Assert.Single(events[3].Summary.Value).SimpleValue));
        Assert.Equal(4, events.Length);
        Assert.All(events, one => Assert.InRange(one.WallTime, before, Seconds()));
        Assert.Equal(2, File.ReadAllLines(Lines).Length);
    }

    [Fact]
    public void A_run_that_goes_on_from_a_checkpoint_says_which_steps_do_not_count_any_more()
    {
        string checkpoints = Path.Combine(_folder, "checkpoints");
        using (var log = new MetricsLog(Lines, Events))
        using (var run = new Checkpoints(checkpoints).Add("metrics", log))
        {
            log.Write(0, [new("reward", 0)]);
            run.Save(1);
            log.Write(1, [new("reward", 1)]);
            Assert.Equal(1, run.Restore());
            log.Write(1, [new("reward", 10)]);
        }

        using (var log = new MetricsLog(Lines, Events))
        using (var run = new Checkpoints(checkpoints).Add("metrics", log))
        {
            Assert.Equal(1, run.Restore());
            log.Write(1, [new("reward", 100)]);
        }

        string[] files = [.. Directory.GetFiles(Events).Order(StringComparer.Ordinal)];
        Assert.Equal(2, files.Length);
        Assert.Equal(
            ["start 0", "0 = 0", "1 = 1", "start 1", "1 = 10", "start 1", "1 = 100"],
            files.SelectMany(Read).Skip(1).Where(one => one.FileVersion.Length == 0).Select(Said)
        );
        Assert.Equal(["""{"step":0,"reward":0}""", """{"step":1,"reward":100}"""], File.ReadAllLines(Lines));

        static string Said(Event one) =>
            one.SessionLog is null
                ? FormattableString.Invariant($"{one.Step} = {one.Summary.Value[0].SimpleValue}")
                : $"{one.SessionLog.Status.ToString().ToLowerInvariant()} {one.Step}";
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named_and_the_metrics_file_is_free_again()
    {
        File.WriteAllText(Events, "a file");
        Assert.Contains(Events, Assert.ThrowsAny<IOException>(() => new MetricsLog(Lines, Events)).Message, StringComparison.Ordinal);
        using var log = new MetricsLog(Lines);
    }

    private static double Seconds() => (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>The records of a file, both checksums of each checked.</summary>
    private static Event[] Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        var events = new List<Event>();
        for (int at = 0; at < file.Length; )
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            Assert.Equal(MaskedCrc(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            ReadOnlySpan<byte> message = file.AsSpan(at + 12, length);
            Assert.Equal(MaskedCrc(message), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            events.Add(Event.Parser.ParseFrom(message.ToArray()));
            at += length + 16;
        }

        return [.. events];
    }

    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1; // the polynomial of Castagnoli, reversed
        }

        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
    }
}
