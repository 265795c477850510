using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Weights;

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
        string directory = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", "llama-sharded-bf16"),
            target = Directory.CreateTempSubdirectory("weights").FullName;
        var names = new WeightNames("model.", "lm_head.weight", "embed_tokens.weight", ".rotary_emb.inv_freq");
        using var module = FileModule.For(directory, names, type);
        var tensors = module.state_dict();
        long before = LiveTensors.Settled();
        var layout = HuggingFaceWeights.Load(directory, module, names);
        WeightWriter.Write(target, tensors, layout, null);
        Assert.Equal(before, LiveTensors.Now);
        Directory.Delete(target, recursive: true);
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("gpt2-hub-layout")]
    public void Disposed_directory_leaves_no_tensor(string name)
    {
        string directory = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);
        long before = LiveTensors.Settled();
        using var outer = NewDisposeScope();
        var model = PretrainedCausalLm.Load(directory);
        Assert.Equal(0, outer.DisposablesCount); // what is loaded belongs to no scope
        var parameters = model.Model.parameters().ToList();
        model.Dispose();
        Assert.All(parameters, parameter => Assert.True(parameter.IsInvalid));
        Assert.Equal(before + parameters.Count, LiveTensors.Now); // TorchSharp counts a tensor that becomes a parameter as alive for ever
    }
}
