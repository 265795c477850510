using System.Text.Json.Nodes;
using TorchSharp;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Pretrained;

/// <summary>What was trained in float32 is not rounded away by saving, whatever the element type of the files that were loaded.</summary>
[Trait("Tier", "torch")]
public sealed class SavedElementTypeTests : IDisposable
{
    private const double Step = 1.001; // below the precision of bfloat16, 2^-8

    private readonly string _folder = Directory.CreateTempSubdirectory("saved-type").FullName;

    private string Source => Path.Combine(_folder, "source");

    private string Target => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("gpt2-bf16")]
    [InlineData("llama-sharded-bf16")]
    [InlineData("pythia-hub-layout-f16")]
    public void Float32_training_of_a_half_precision_model_survives_saving(string name)
    {
        using var model = PretrainedCausalLm.Load(Golden(name));
        Nudge(model.Model);
        model.Save(Target);
        using var again = PretrainedCausalLm.Load(Target);
        AssertSame(model.Model, again.Model);
        Assert.Equal("float32", Key(Target, "dtype"));
    }

    [Fact]
    public void Float32_training_of_a_half_precision_classifier_survives_saving()
    {
        using (var first = PretrainedClassifier.Load(Golden("distilbert-classifier")))
            first.Save(Source, ScalarType.BFloat16);
        using var classifier = PretrainedClassifier.Load(Source);
        Nudge(classifier.Classifier);
        classifier.Save(Target);
        using var again = PretrainedClassifier.Load(Target);
        AssertSame(classifier.Classifier, again.Classifier);
        Assert.Equal(("bfloat16", "float32"), (Key(Source, "dtype"), Key(Target, "dtype")));
    }

    [Theory]
    [InlineData("dtype")]
    [InlineData("torch_dtype")]
    [InlineData("dtype", "torch_dtype")]
    public void Configuration_names_the_type_that_was_written_under_each_of_its_keys(params string[] keys)
    {
        WriteSource(
            "gpt2-bf16",
            config =>
            {
                config.Remove("dtype");
                foreach (string key in keys)
                    config[key] = "bfloat16";
            }
        );
        using var model = PretrainedCausalLm.Load(Source);
        model.Save(Target);
        Assert.Equal(keys.Select(_ => "float32"), keys.Select(key => Key(Target, key)));
        Assert.Equal(keys.Length, Config(Target).Count(pair => pair.Key is "dtype" or "torch_dtype"));
        model.Save(Target, ScalarType.BFloat16);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Source, "config.json")), File.ReadAllBytes(Path.Combine(Target, "config.json")));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(Source, "model.safetensors")),
            File.ReadAllBytes(Path.Combine(Target, "model.safetensors"))
        );
    }

    [Fact]
    public void Configuration_without_the_key_gets_one_unless_it_is_about_float32()
    {
        WriteSource("gpt2-bf16", config => config.Remove("dtype"));
        using var model = PretrainedCausalLm.Load(Source);
        model.Save(Target);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Source, "config.json")), File.ReadAllBytes(Path.Combine(Target, "config.json")));
        model.Save(Target, ScalarType.BFloat16);
        Assert.Equal("bfloat16", Key(Target, "torch_dtype"));
    }

    [Fact]
    public void Other_model_is_saved_as_it_is_in_memory()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2-bf16"), new PretrainedOptions { ElementType = ScalarType.BFloat16 });
        using var trained = PretrainedCausalLm.Load(Golden("gpt2-bf16"));
        Nudge(trained.Model);
        model.Save(Target, trained.Model);
        using var again = PretrainedCausalLm.Load(Target);
        AssertSame(trained.Model, again.Model);
        Assert.Equal("float32", Key(Target, "dtype"));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void Adapters_on_half_precision_weights_are_merged_without_rounding(string family)
    {
        using var scope = NewDisposeScope();
        using var model = TinyDecoders.Create(family);
        model.to(ScalarType.BFloat16);
        using var adapted = model.WithLora(new LoraOptions { Rank = 2 }, seed: 3);
        using (no_grad())
        {
            using Scalar small = 1e-3;
            foreach (var parameter in adapted.LoraParameters().Where((_, i) => i % 2 == 1)) // B
                parameter.fill_(small);
        }

        using var merged = adapted.MergeLora();
        using var rounded = adapted.MergeLora(ScalarType.BFloat16);

        Assert.Equal([ScalarType.Float32, ScalarType.BFloat16], [merged.ElementType, rounded.ElementType]);
        Assert.All(merged.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        Assert.All(rounded.parameters(), parameter => Assert.Equal(ScalarType.BFloat16, parameter.dtype));
        string name = adapted
            .named_parameters()
            .First(pair => pair.name.EndsWith(".lora_A.weight", StringComparison.Ordinal))
            .name.Replace(".lora_A.weight", "", StringComparison.Ordinal);
        var state = adapted.state_dict();
        var change = state[$"{name}.lora_B.weight"].mm(state[$"{name}.lora_A.weight"]); // rank 2, alpha 8
        using Scalar scale = 4;
        Assert.Equal(model.state_dict()[$"{name}.weight"].numel(), change.numel());
        var difference = merged.state_dict()[$"{name}.weight"] - model.state_dict()[$"{name}.weight"].to(ScalarType.Float32);
        var expected = change.mul(scale);
        if (family == "gpt2") // its weights are [in, out]
            expected = expected.t();
        Assert.InRange((difference - expected).abs().max().item<float>(), 0, 1e-7f);
    }

    private static void Nudge(nn.Module module)
    {
        using var noGradient = no_grad();
        using Scalar step = Step;
        foreach (var parameter in module.parameters())
            parameter.mul_(step);
    }

    private static void AssertSame(nn.Module expected, nn.Module actual)
    {
        var state = actual.state_dict();
        Assert.All(expected.state_dict(), pair => Assert.Equal(pair.Value.bytes.ToArray(), state[pair.Key].bytes.ToArray()));
    }

    private static JsonObject Config(string directory) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(directory, "config.json")))!.AsObject();

    private static string? Key(string directory, string key) => (string?)Config(directory)[key];

    private static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);

    private void WriteSource(string name, Action<JsonObject> change)
    {
        Directory.CreateDirectory(Source);
        foreach (string file in Directory.GetFiles(Golden(name)))
            File.Copy(file, Path.Combine(Source, Path.GetFileName(file)));
        var config = Config(Source);
        change(config);
        File.WriteAllText(Path.Combine(Source, "config.json"), config.ToJsonString());
    }
}
