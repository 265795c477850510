using VariationalBoN.Models;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Models;

[Collection("Leaks")]
[Trait("Tier", "torch")]
public sealed class WeightLeakTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void Loading_and_saving_leave_no_tensor(ScalarType type)
    {
        string directory = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", "llama-sharded-bf16"), target = Directory.CreateTempSubdirectory("weights").FullName;
        var names = new WeightNames("model.", "lm_head.weight", "embed_tokens.weight", ".rotary_emb.inv_freq");
        using var module = FileModule.For(directory, names, type);
        var tensors = module.state_dict();
        long before = LiveTensors.Settled();
        var layout = HuggingFaceWeights.Load(directory, module, names);
        WeightWriter.Write(target, tensors, layout, null);
        Assert.Equal(before, LiveTensors.Now);
        Directory.Delete(target, recursive: true);
    }
}
