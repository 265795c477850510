using System.Text.Json;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Lora;

/// <summary>Adapters against the answers of PEFT 0.21 (Golden/hf/lora-*).</summary>
[Trait("Tier", "torch")]
[Trait("Kernels", "any")]
public sealed class LoraGoldenTests
{
    [Theory]
    [InlineData("lora-gpt2")]
    [InlineData("lora-llama")]
    public void Logits_with_and_without_adapters_log_probs_and_merged_weights_are_those_of_PEFT(string name)
    {
        string folder = GoldenCase.FolderOf(name);
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        var lora = expected.RootElement.GetProperty("lora");
        using var model = new GoldenCase(Path.GetFileName(lora.GetProperty("base").GetString()!)).Load();
        using var adapted = model.LoadLora(folder);
        using var merged = adapted.MergeLora();
        var policy = new CausalLmPolicy(adapted, new NumberTokenizer(adapted.VocabularySize));
        foreach (var row in lora.GetProperty("rows").EnumerateArray())
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            int[] ids = [.. row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            double tolerance = GoldenCase.Tolerance * row.GetProperty("max_abs_logit").GetDouble();
            var tokens = tensor(Array.ConvertAll(ids, id => (long)id), [1, ids.Length]);
            RequireLogits(row.GetProperty("last_logits"), adapted, tokens, tolerance);
            RequireLogits(row.GetProperty("last_logits"), merged, tokens, tolerance);
            RequireLogits(row.GetProperty("last_logits_disabled"), model, tokens, tolerance);
            double sum = row.GetProperty("token_log_probs").EnumerateArray().Sum(value => value.GetDouble());
            Assert.Equal(
                sum,
                policy.LogProbValues([
                    new Completion
                    {
                        Prompt = "",
                        Text = "",
                        PromptTokens = [ids[0]],
                        Tokens = [.. ids[1..]],
                    },
                ])[0],
                1e-4
            );
        }

        var weight = lora.GetProperty("merged_weight");
        string own = weight.GetProperty("name").GetString()![adapted.Shape.Names.Prefix.Length..];
        float[] values = merged.state_dict()[own].data<float>().ToArray();
        int k = 0;
        foreach (var value in weight.GetProperty("first_16").EnumerateArray())
            Assert.Equal(value.GetDouble(), values[k++], 1e-6);
    }

    [Theory]
    [InlineData("lora-gpt2", "gpt2")]
    [InlineData("lora-llama", "llama2")]
    public void Adapters_of_PEFT_are_written_again_byte_for_byte(string name, string baseName)
    {
        string folder = GoldenCase.FolderOf(name),
            target = Directory.CreateTempSubdirectory("lora").FullName;
        using var model = new GoldenCase(baseName).Load();
        using var adapted = model.LoadLora(folder);
        adapted.SaveLora(target);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder, "adapter_model.safetensors")),
            File.ReadAllBytes(Path.Combine(target, "adapter_model.safetensors"))
        );
        using var again = model.LoadLora(target);
        Assert.Equal(adapted.Lora!.ToJson(), again.Lora!.ToJson());
        Directory.Delete(target, recursive: true);
    }

    private static void RequireLogits(JsonElement expected, CausalTransformer model, Tensor tokens, double tolerance)
    {
        float[] actual = model.forward(tokens)[0, -1].data<float>().ToArray();
        int v = 0;
        foreach (var value in expected.EnumerateArray())
            Assert.Equal(value.GetDouble(), actual[v++], tolerance);
    }
}
