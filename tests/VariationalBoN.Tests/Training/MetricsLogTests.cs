using System.Diagnostics.Metrics;
using System.Text.Json;
using VariationalBoN.Tests.Internal;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "fast")]
public sealed class MetricsLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metrics-").FullName;

    private string File_ => Path.Combine(_folder, "metrics.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Each_step_is_a_line_with_round_trip_numbers()
    {
        using (var log = new MetricsLog(File_))
        {
            log.Write(0, [new("reward", 0.1), new("kl", double.NaN)]);
            log.Write(1, [new("reward", 1e-300)]);
        }

        string[] lines = File.ReadAllLines(File_);
        Assert.Equal("""{"step":0,"reward":0.1,"kl":"NaN"}""", lines[0]);
        Assert.Equal(1e-300, JsonDocument.Parse(lines[1]).RootElement.GetProperty("reward").GetDouble());
    }

    [Fact]
    public void A_torn_line_is_cut_and_said()
    {
        File.WriteAllText(File_, "{\"step\":0}\n{\"step\":1,\"rew");
        using (var log = new MetricsLog(File_))
        {
            Assert.Equal(14, log.CutBytes);
            log.Write(1, [new("reward", 2)]);
        }

        Assert.Equal("{\"step\":0}\n{\"step\":1,\"reward\":2}\n", File.ReadAllText(File_));
    }

    [Fact]
    public void A_long_torn_line_is_cut_to_the_line_before()
    {
        string whole = string.Concat(Enumerable.Repeat("{\"step\":0}\n", 1000));
        File.WriteAllText(File_, whole + new string('x', 10_000));
        using (var log = new MetricsLog(File_))
            Assert.Equal(10_000, log.CutBytes);

        Assert.Equal(whole, File.ReadAllText(File_));
    }

    [Fact]
    public void A_disk_that_fills_in_the_middle_of_a_line_leaves_the_lines_before_it()
    {
        using var disk = new SmallDisk(30);
        using var log = new MetricsLog(disk, "metrics.jsonl");
        log.Write(0, [new("reward", 1)]);

        Assert.Throws<IOException>(() => log.Write(1, [new("reward", 2)]));
        Assert.Equal("{\"step\":0,\"reward\":1}\n", System.Text.Encoding.UTF8.GetString(disk.ToArray()));
        disk.Room = 1000;
        log.Write(1, [new("reward", 2)]);
        Assert.Equal("{\"step\":0,\"reward\":1}\n{\"step\":1,\"reward\":2}\n", System.Text.Encoding.UTF8.GetString(disk.ToArray()));
    }

    [Fact]
    public void A_checkpoint_brings_the_lines_that_it_counts_to_the_disk()
    {
        using var log = new MetricsLog(File_);
        using var checkpoints = new Checkpoints(Path.Combine(_folder, "checkpoints")).Add("metrics", log);
        log.Write(0, [new("reward", 1)]);
        long onDisk = 0;
        using (DiskSteps.See((_, what, path) => onDisk = what == "flush" && path == File_ ? new FileInfo(path).Length : onDisk))
            checkpoints.Save(1);

        Assert.Equal(new FileInfo(File_).Length, onDisk);
    }

    [Fact]
    public void Lines_that_could_not_be_flushed_fail_every_checkpoint_until_the_file_is_opened_anew()
    {
        using var log = new MetricsLog(File_);
        using var checkpoints = new Checkpoints(Path.Combine(_folder, "checkpoints")).Add("metrics", log);
        checkpoints.Save(1);
        log.Write(0, [new("reward", 1)]);
        using (DiskSteps.Fail((step, _) => step == 0))
            Assert.Throws<IOException>(() => checkpoints.Save(2));
        // the system forgets such an error once it is told
        Assert.Contains("failed before", Assert.Throws<IOException>(() => checkpoints.Save(2)).Message);
        Assert.Equal([1], checkpoints.All.Select(checkpoint => checkpoint.Step));
    }

    [Fact]
    public void A_second_writer_is_refused_and_readers_and_the_next_one_are_let_in()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "link.jsonl"), File_);
        using (var first = new MetricsLog(File_))
        {
            first.Write(0, []);
            Assert.Contains("another process", Assert.Throws<IOException>(() => new MetricsLog(File_)).Message);
            Assert.Contains(
                "another process",
                Assert.Throws<IOException>(() => new MetricsLog(Path.Combine(_folder, "link.jsonl"))).Message
            );
            Assert.Single(File.ReadAllLines(File_));
            first.Write(1, []);
        }

        using (var next = new MetricsLog(Path.Combine(_folder, "link.jsonl")))
            next.Write(2, []);
        Assert.Equal(3, File.ReadAllLines(File_).Length);
    }

    [Theory]
    [InlineData("my notes, without a line feed")]
    [InlineData("{\"reward\":1}\n")]
    [InlineData("{\"prompt\":\"p\",\"rewards\":[1]}\n{\"step\":1}\n")]
    [InlineData("{\"step\":\"x\"}\n")]
    [InlineData("\n{\"step\":1}\n")]
    [InlineData("[1,2]")]
    [InlineData("{\"steps")]
    public void What_is_no_metrics_file_is_refused_and_left_as_it_is(string content)
    {
        File.WriteAllText(File_, content);
        Assert.Contains(File_, Assert.Throws<InvalidDataException>(() => new MetricsLog(File_)).Message);
        Assert.Equal(content, File.ReadAllText(File_));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"step\":")]
    [InlineData("{\"step\":0,\"rew")]
    [InlineData("\0\0\0\0")]
    [InlineData("{\"st\0\0\0\0\0\0\0")]
    public void A_torn_first_line_is_cut(string content)
    {
        File.WriteAllText(File_, content);
        using (var log = new MetricsLog(File_))
        {
            Assert.Equal(content.Length, log.CutBytes);
            log.Write(0, []);
        }

        Assert.Equal("{\"step\":0}\n", File.ReadAllText(File_));
    }

    [Fact]
    public void A_folder_is_no_metrics_file()
    {
        Directory.CreateDirectory(File_);
        Assert.Contains("is a folder", Assert.Throws<IOException>(() => new MetricsLog(File_)).Message);
    }

    [Fact]
    public void Bad_metrics_are_refused_before_anything_is_written()
    {
        using var log = new MetricsLog(File_);
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Write(-1, []));
        Assert.Throws<ArgumentException>(() => log.Write(0, [new("step", 1)]));
        Assert.Throws<ArgumentException>(() => log.Write(0, [new("a", 1), new("a", 2)]));
        Assert.Throws<ArgumentException>(() => log.Write(0, [new(" ", 1)]));
        Assert.Equal(0, new FileInfo(File_).Length);
    }

    [Fact]
    public void Gauges_tell_listeners_the_same_numbers_with_their_units()
    {
        var seen = new List<(string Name, string? Unit, double Value)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Meter.Name == MetricsLog.MeterName)
                    own.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen.Add((instrument.Name, instrument.Unit, value)));
        listener.Start();
        using var log = new MetricsLog(File_);

        log.Write(0, [new(MetricNames.Kl, 0.25), new("mine", 2)]);

        Assert.Contains(("variationalbon.training.kl", "nat", 0.25), seen);
        Assert.Contains(("variationalbon.training.mine", null, 2), seen);
    }

    /// <summary>Takes what fits and then says that the disk is full, as a file does.</summary>
    private sealed class SmallDisk(int room) : MemoryStream
    {
        public int Room { get; set; } = room;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            int fits = (int)Math.Min(buffer.Length, Room - Position);
            base.Write(buffer[..fits]);
            if (fits < buffer.Length)
                throw new IOException("No space left on device");
        }
    }
}
