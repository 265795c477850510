using SentimentControl.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SentimentControl.Tests.Training;

[Trait("Tier", "torch")]
[Collection("Optimizers")]
public sealed class HeldAdamTests
{
    [Fact]
    public void Each_step_is_that_of_TorchSharp_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var start = randn([64, 32], generator: generator);
        var target = randn([64, 32], generator: generator);
        var ours = new Parameter(start.clone());
        var theirs = new Parameter(start.clone());
        using var held = new HeldAdam([ours], beta2: 0.95);
        using var adam = optim.Adam([theirs], lr: 1, beta1: 0.9, beta2: 0.95);

        for (int step = 0; step < 25; step++)
        {
            double rate = 0.1 / (step + 1);
            foreach (var group in adam.ParamGroups)
                group.LearningRate = rate;
            foreach (var parameter in new[] { ours, theirs })
            {
                parameter.grad?.zero_();
                (parameter - target).tanh().square().sum().backward();
            }

            held.Step(rate);
            adam.step();
            Assert.True(ours.equal(theirs).all().item<bool>(), $"step {step}");
        }

        Assert.True((ours - start).abs().max().item<float>() > 0.1);
    }
}
