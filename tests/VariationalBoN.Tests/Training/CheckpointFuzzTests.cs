using System.Text;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

/// <summary>Generated and mutated files of a run.</summary>
[Trait("Tier", "fast")]
public sealed class CheckpointFuzzTests : IDisposable
{
    private const byte Saved = 5,
        Before = 9;
    private static readonly FileFuzz s_fuzz = new(
        "\"Step\"",
        "\"Metrics\"",
        "\"Configuration\"",
        "\"Parts\"",
        "\"Bytes\"",
        "\"Sha256\"",
        "\"Library\"",
        "\"state.bin\"",
        "\"../state.bin\"",
        "\"rate\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"step\""
    );

    private static readonly string[] s_names = ["a", "b"];

    private readonly string _folder = Directory.CreateTempSubdirectory("fuzz-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>What is taken is the checkpoint as it was saved; what is refused changes nothing.</summary>
    [Fact]
    public void Manifest()
    {
        byte state = Saved;
        using var checkpoints = Open().Add("state", stream => stream.WriteByte(state), stream => state = (byte)stream.ReadByte());
        string path = Save(checkpoints);
        s_fuzz.Run(
            FileFuzz.Inputs / 8,
            path,
            [File.ReadAllBytes(path)],
            input =>
            {
                File.WriteAllBytes(path, input);
                state = Before;
                try
                {
                    Assert.Equal(7, checkpoints.Restore());
                    Assert.Equal(Saved, state);
                }
                catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
                {
                    Assert.Equal(Before, state);
                    throw new InvalidDataException(e.Message, e); // other settings and other parts are refused as such
                }
            }
        );
    }

    [Theory]
    [InlineData("\"Step\": 7", "\"Step\": 8", "it is of step 8, its folder of another")]
    [InlineData("\"Parts\": {", "\"Parts\": {\"x\": null", "a part is null")]
    [InlineData("\"names\": [", "\"names\": [\"\\ud800\",", "Path: $.Configuration")]
    [InlineData("\"rate\": ", "\"rate\": 1, \"rate\": ", "same key")]
    public void What_a_manifest_cannot_hold_is_named(string what, string by, string named)
    {
        using var checkpoints = Open();
        string path = Save(checkpoints),
            whole = File.ReadAllText(path);
        Assert.Contains(what, whole, StringComparison.Ordinal);
        File.WriteAllText(path, whole.Replace(what, by, StringComparison.Ordinal));

        var refused = Assert.Throws<InvalidDataException>(() => checkpoints.Restore());

        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>What begins as a metrics file opens up to its last whole line; all else is refused and left as it is.</summary>
    [Fact]
    public void Metrics_file()
    {
        string path = Path.Combine(_folder, "metrics.jsonl");
        byte[] seed = Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Range(0, 200).Select(step => $"{{\"step\":{step},\"reward\":0.25,\"kl\":\"NaN\"}}\n"))
        ); // more than is read at once
        s_fuzz.Run(
            FileFuzz.Inputs / 8,
            path,
            [seed, seed[..4096], seed[..100]],
            input =>
            {
                File.WriteAllBytes(path, input);
                int whole = Array.LastIndexOf(input, (byte)'\n') + 1;
                try
                {
                    using var log = new MetricsLog(path);
                    Assert.Equal(input.Length - whole, log.CutBytes);
                    log.Write(3, []);
                }
                catch (InvalidDataException)
                {
                    Assert.Equal(input, File.ReadAllBytes(path));
                    Assert.False(whole > 8 && input.AsSpan().StartsWith("{\"step\":0"u8));
                    throw;
                }

                Assert.Equal([.. input[..whole], .. "{\"step\":3}\n"u8], File.ReadAllBytes(path));
            }
        );
    }

    private static string Save(Checkpoints checkpoints) =>
        Path.Combine(
            checkpoints.Save(7, new Dictionary<string, double> { ["reward"] = 1.5, ["kl"] = double.NaN }).Folder,
            "checkpoint.json"
        );

    private Checkpoints Open() =>
        new(
            _folder,
            new
            {
                rate = 0.1,
                names = s_names,
                model = new { width = 8 },
            }
        );
}
