using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "torch")]
[Collection("Leaks")]
public sealed class AdamLeakTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("adam-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_optimizer_leaves_no_tensor_behind_within_a_scope_or_without_one()
    {
        using var weights = new Parameter(ones(4, 3));
        using var bias = new Parameter(ones(3));
        long before = LiveTensors.Settled();
        using (var adam = new VariationalBoN.AdamW([weights, bias], learningRate: 0.1, weightDecay: 0.1))
        {
            Assert.Equal(before + 4, LiveTensors.Now); // two moments a parameter
            Use(adam, weights);
            long used = LiveTensors.Now;
            Assert.Equal(before + 7, used); // and the sample of the weights: at first, before, after
            Use(adam, weights);
            using (NewDisposeScope())
                Use(adam, weights);
            Assert.Equal(used, LiveTensors.Now);
            Use(adam, weights); // what is held has survived the scope
        }

        Assert.Equal(before, LiveTensors.Now);
    }

    private void Use(VariationalBoN.AdamW adam, Parameter weights)
    {
        adam.ZeroGrad();
        using (NewDisposeScope())
            weights.sum().backward();
        adam.Step();
        Assert.Equal(1, adam.LastUpdate!.ChangedShare);
        string path = Path.Combine(_folder, "adam.safetensors");
        adam.Save(path);
        adam.Load(path);
        adam.ZeroGrad();
    }
}
