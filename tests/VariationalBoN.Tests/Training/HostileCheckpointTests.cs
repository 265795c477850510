using System.Text;
using System.Text.Json.Nodes;
using TorchSharp;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

/// <summary>Checkpoints whose digests are right and whose content is not.</summary>
[Trait("Tier", "torch")]
[Collection("Optimizers")]
public sealed class HostileCheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostile-").FullName;

    private static readonly Dictionary<string, (int Place, byte[] Bytes)> s_states = new()
    {
        ["all zeros"] = (0, new byte[5056]),
        ["all ones"] = (0, [.. Enumerable.Repeat((byte)0xFF, 5056)]),
        ["not seeded"] = (12, [0]),
        ["none left"] = (8, [0, 0, 0, 0]),
        ["too many left"] = (8, BitConverter.GetBytes(625)),
        ["negative left"] = (8, BitConverter.GetBytes(-1)),
        ["next beyond the block"] = (16, BitConverter.GetBytes(700L)),
        ["negative next"] = (16, BitConverter.GetBytes(-1L)),
        ["more left than stand behind next"] = (8, [.. BitConverter.GetBytes(600), 1, 0, 0, 0, .. BitConverter.GetBytes(600L)]),
        ["a normal number that is none"] = (5016, [.. BitConverter.GetBytes(double.NaN), .. new byte[16], 1]),
        ["a flag that is none"] = (5052, [7]),
    };

    public static TheoryData<string> States => [.. s_states.Keys];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(States))]
    public void Generator_that_would_end_the_process_is_refused_and_goes_on_as_it_was(string what)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(3);
        using var checkpoints = new Checkpoints(_folder).Add("noise", generator);
        string path = Path.Combine(checkpoints.Save(1).Folder, "noise.bin");
        byte[] bytes = File.ReadAllBytes(path);
        s_states[what].Bytes.CopyTo(bytes, s_states[what].Place);
        Rewrite(path, bytes);
        using var twin = new torch.Generator(3);

        Refused(checkpoints, path);

        Assert.Equal(torch.rand(3, generator: twin).bytes.ToArray(), torch.rand(3, generator: generator).bytes.ToArray());
    }

    /// <summary>States in the middle of a block, at its ends and with a normal number kept are taken.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(623)]
    [InlineData(624)]
    [InlineData(625)]
    [InlineData(1000)]
    public void Generator_goes_on_from_any_state(int drawn)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(3);
        torch.rand(drawn, generator: generator);
        torch.randn(1, dtype: torch.float64, generator: generator);
        using var checkpoints = new Checkpoints(_folder).Add("noise", generator);
        checkpoints.Save(1);
        byte[] next = torch.randn(700, dtype: torch.float64, generator: generator).bytes.ToArray();
        checkpoints.Restore();
        Assert.Equal(next, torch.randn(700, dtype: torch.float64, generator: generator).bytes.ToArray());
    }

    [Theory]
    [InlineData("{\"Window\":3,\"First\":null,\"Recent\":[null],\"Raised\":[]}", "null")]
    [InlineData("{\"Window\":3,\"First\":[null,null,null],\"Recent\":[],\"Raised\":[]}", "null")]
    [InlineData("{\"Window\":3,\"First\":null,\"Recent\":null,\"Raised\":[]}", "Recent")]
    [InlineData("{\"Window\":3,\"First\":null,\"Recent\":[],\"Raised\":null}", "Raised")]
    [InlineData("{\"Window\":3,\"First\":null,\"Recent\":[{}],\"Raised\":[]}", "Reward")]
    [InlineData("{\"Window\":3,\"First\":[],\"Recent\":[],\"Raised\":[]}", "0 first steps")]
    [InlineData("{\"Window\":3,\"First\":null,\"Recent\":[],\"Raised\":[99]}", "alarm that there is not")]
    [InlineData("{\"Window\":1e999,\"First\":null,\"Recent\":[],\"Raised\":[]}", "Window")]
    [InlineData("null", "null")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "")]
    [InlineData("", "")]
    public void Guard_with_something_else_is_refused(string json, string named)
    {
        var guard = new TrainingGuard(8, 256, new GuardOptions { Window = 3 });
        using var checkpoints = new Checkpoints(_folder).Add("guard", guard);
        string path = Path.Combine(checkpoints.Save(1).Folder, "guard.json");
        Rewrite(path, Encoding.UTF8.GetBytes(json));
        Assert.Contains(named, Refused(checkpoints, path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("99999999999999999999999999999")]
    [InlineData("9223372036854775807")]
    [InlineData("-1")]
    [InlineData("1e3")]
    [InlineData(" 0")]
    [InlineData("")]
    [InlineData("0\n")]
    public void Length_of_metrics_that_is_none_is_refused(string length)
    {
        using var metrics = new MetricsLog(Path.Combine(_folder, "metrics.jsonl"));
        using var checkpoints = new Checkpoints(Path.Combine(_folder, "run")).Add("metrics", metrics);
        string path = Path.Combine(checkpoints.Save(1).Folder, "metrics.length");
        Rewrite(path, Encoding.UTF8.GetBytes(length));
        Refused(checkpoints, path);
    }

    [Fact]
    public void Length_of_metrics_of_megabytes_is_refused_in_a_short_message()
    {
        using var metrics = new MetricsLog(Path.Combine(_folder, "metrics.jsonl"));
        using var checkpoints = new Checkpoints(Path.Combine(_folder, "run")).Add("metrics", metrics);
        string path = Path.Combine(checkpoints.Save(1).Folder, "metrics.length");
        Rewrite(path, Encoding.UTF8.GetBytes(new string('9', 15 << 20)));
        Refused(checkpoints, path);
    }

    [Theory]
    [InlineData("Adam")]
    [InlineData("nonsense")]
    [InlineData("nothing")]
    public void Optimizer_of_another_kind_is_refused_by_file(string kind)
    {
        using var layer = torch.nn.Linear(2, 2);
        using var sgd = torch.optim.SGD(layer.parameters(), learningRate: 0.1);
        using var adam = torch.optim.Adam(layer.parameters());
#pragma warning disable CS0618 // the overload for torch.optim is what is tested
        using var checkpoints = new Checkpoints(_folder).Add("optimizer", sgd);
#pragma warning restore CS0618
        string path = Path.Combine(checkpoints.Save(1).Folder, "optimizer.bin");
        using var content = new MemoryStream();
        using (var writer = new BinaryWriter(content, Encoding.UTF8, leaveOpen: true))
        {
            if (kind == "Adam")
                adam.save_state_dict(writer);
            else if (kind == "nonsense")
                writer.Write(Enumerable.Repeat((byte)0xFE, 100).ToArray());
        }

        Rewrite(path, content.ToArray());
        Refused(checkpoints, path);
    }

    [Fact]
    public void Counts_and_rates_of_an_optimizer_that_cannot_be_are_refused()
    {
        using var layer = torch.nn.Linear(2, 2);
        using var adam = new AdamW(layer.parameters(), learningRate: 0.1);
        using var checkpoints = new Checkpoints(_folder).Add("optimizer", adam);
        string path = Path.Combine(checkpoints.Save(1).Folder, "optimizer.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        int header = BitConverter.ToInt32(bytes);
        var steps = JsonNode
            .Parse(bytes.AsSpan(8, header))!
            .AsObject()
            .First(pair => pair.Key.StartsWith("steps of", StringComparison.Ordinal))
            .Value!;
        BitConverter.TryWriteBytes(bytes.AsSpan(8 + header + (int)steps["data_offsets"]![0]!), -5L);
        Rewrite(path, bytes);
        Assert.Contains("below zero", Refused(checkpoints, path), StringComparison.Ordinal);
    }

    [Fact]
    public void Manifest_of_megabytes_is_refused_in_a_short_message()
    {
        using var checkpoints = new Checkpoints(_folder, new { rate = 1 }).Add("state", _ => { }, _ => { });
        string folder = checkpoints.Save(1).Folder,
            path = Path.Combine(folder, "checkpoint.json"),
            whole = File.ReadAllText(path),
            long_ = new string('x', 4 << 20);
        foreach (
            string faulty in new[]
            {
                whole.Replace("\"rate\"", $"\"{long_}\"", StringComparison.Ordinal),
                whole.Replace("\"rate\": 1", $"\"rate\": \"{long_}\"", StringComparison.Ordinal),
                whole.Replace("\"state.bin\"", $"\"{long_}\"", StringComparison.Ordinal),
                whole.Replace("\"Sha256\": \"", $"\"Sha256\": \"{long_}", StringComparison.Ordinal),
                whole.Replace("\"Step\"", $"\"{long_}\"", StringComparison.Ordinal),
                whole + long_,
                new('[', 20 << 20),
            }
        )
        {
            Assert.NotEqual(whole, faulty);
            File.WriteAllText(path, faulty);
            Exception refused = Assert.ThrowsAny<Exception>(() => checkpoints.Restore());
            Assert.True(refused is InvalidDataException or InvalidOperationException, refused.GetType().Name);
            Assert.Contains(folder, refused.Message, StringComparison.Ordinal);
            Assert.InRange(refused.Message.Length, 1, 3000);
        }
    }

    [Fact]
    public void Part_that_is_a_link_a_folder_or_a_pipe_is_refused()
    {
        using var checkpoints = new Checkpoints(_folder).Add("state", _ => { }, _ => { });
        string path = Path.Combine(checkpoints.Save(1).Folder, "state.bin");
        File.Delete(path);
        File.CreateSymbolicLink(path, "/dev/zero");
        Refused(checkpoints, path);
        File.Delete(path);
        Directory.CreateDirectory(path);
        Refused(checkpoints, path);
    }

    [Fact]
    public void Part_named_like_the_manifest_or_like_another_in_capitals_is_refused()
    {
        using var checkpoints = new Checkpoints(_folder).Add("state", _ => { }, _ => { });
        var guard = new TrainingGuard(8, 256);
        Assert.Contains(
            "checkpoint.json",
            Assert.Throws<ArgumentException>(() => checkpoints.Add("checkpoint", guard)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "checkpoint.json",
            Assert.Throws<ArgumentException>(() => checkpoints.Add("Checkpoint", guard)).Message,
            StringComparison.OrdinalIgnoreCase
        );
        Assert.Contains(
            "case",
            Assert.Throws<ArgumentException>(() => checkpoints.Add("State", _ => { }, _ => { })).Message,
            StringComparison.Ordinal
        );
    }

    private static string Refused(Checkpoints checkpoints, string path)
    {
        string message = Assert.Throws<InvalidDataException>(() => checkpoints.Restore()).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 1, 2000);
        return message;
    }

    /// <summary>Another content of a file under its right digest.</summary>
    private static void Rewrite(string path, byte[] content)
    {
        File.WriteAllBytes(path, content);
        string manifest = Path.Combine(Path.GetDirectoryName(path)!, "checkpoint.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(manifest))!;
        CheckpointManifest.Part part = CheckpointManifest.Describe(path);
        json["Parts"]![Path.GetFileName(path)] = new JsonObject { ["Bytes"] = part.Bytes, ["Sha256"] = part.Sha256 };
        File.WriteAllText(manifest, json.ToJsonString());
    }
}
