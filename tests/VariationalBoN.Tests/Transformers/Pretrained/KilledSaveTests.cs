using VariationalBoN.Tests.Internal;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Pretrained;

/// <summary>Saves over a directory that holds a model already, killed at each step: what loads is one of the two, whole.</summary>
[Trait("Tier", "torch")]
public sealed class KilledSaveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("killed-save-").FullName;

    private string Target => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llama-sharded-bf16", "llama-sharded-bf16")] // the same files with other weights
    [InlineData("llama-sharded-bf16", "gpt2-bf16")]
    [InlineData("gpt2-bf16", "llama-sharded-bf16")]
    [InlineData("gpt2", "llama3")] // other tokenizers
    public void Model(string before, string after)
    {
        using (var first = PretrainedCausalLm.Load(GoldenCase.FolderOf(before)))
            first.Save(Target);
        using var second = PretrainedCausalLm.Load(GoldenCase.FolderOf(after));
        using (no_grad())
        {
            foreach (var parameter in second.Model.parameters())
                parameter.neg_();
        }

        byte[] old = Weights(Target)!;
        List<string> kills = DiskSteps.Kills(Target, Path.Combine(_folder, "kills"), () => second.Save(Target));
        byte[] next = Weights(Target)!;

        Assert.NotEqual(old, next);
        Assert.Equal(next, Weights(kills[^1]));
        int refused = 0;
        foreach (string killed in kills)
        {
            byte[]? loaded = Weights(killed);
            refused += loaded is null ? 1 : 0;
            Assert.True(loaded is null || loaded.AsSpan().SequenceEqual(old) || loaded.AsSpan().SequenceEqual(next), killed);
        }

        Assert.InRange(refused, 1, kills.Count - 2);
        second.Save(kills[kills.Count / 2]);
        Assert.Equal(next, Weights(kills[kills.Count / 2]));
        Assert.Empty(Directory.GetDirectories(kills[kills.Count / 2]));
    }

    [Fact]
    public void Adapters()
    {
        using var model = TinyDecoders.Create("gpt2");
        using (var first = model.WithLora(new LoraOptions { Rank = 2, Alpha = 8 }, seed: 1))
            first.SaveLora(Target);
        using var second = model.WithLora(new LoraOptions { Rank = 2, Alpha = 64 }, seed: 2);
        List<string> kills = DiskSteps.Kills(Target, Path.Combine(_folder, "kills"), () => second.SaveLora(Target));

        var seen = kills.Select(killed => Adapter(model, killed)).Distinct().ToList();

        Assert.Equal([Adapter(model, kills[0]), null, Adapter(model, Target)], seen);
        Assert.StartsWith("8 ", seen[0], StringComparison.Ordinal);
        Assert.StartsWith("64 ", seen[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Directory_that_a_killed_save_left_says_so()
    {
        using var model = PretrainedCausalLm.Load(GoldenCase.FolderOf("llama-sharded-bf16"));
        model.Save(Target);
        using (no_grad())
        {
            foreach (var parameter in model.Model.parameters())
                parameter.neg_();
        }

        string killed = DiskSteps
            .Kills(Target, Path.Combine(_folder, "kills"), () => model.Save(Target))
            .First(kill => !File.Exists(Path.Combine(kill, "config.json")));
        Assert.Contains(
            "a save into it was killed",
            Assert.Throws<FileNotFoundException>(() => PretrainedCausalLm.Load(killed)).Message,
            StringComparison.Ordinal
        );
    }

    private static byte[]? Weights(string directory)
    {
        try
        {
            using var model = PretrainedCausalLm.Load(directory);
            return [.. model.Model.state_dict().SelectMany(pair => pair.Value.bytes.ToArray())];
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static string? Adapter(CausalTransformer model, string directory)
    {
        try
        {
            using var adapted = model.LoadLora(directory);
            return $"{adapted.Lora!.Alpha} {Convert.ToHexString(adapted.LoraParameters()[0].bytes)}";
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
