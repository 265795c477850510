using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "torch")]
[Collection(nameof(Leaks))]
public sealed class GradientPartLeakTests
{
    [Fact]
    public void Parts_leave_no_tensor_but_the_sum_of_the_gradients()
    {
        using var policy = new TabularPolicy(["a", "b"], 3, 2);
        var batch = new ScoredBatch(
            policy.Sample(["a", "b"], 4, seed: 1).Select((completion, i) => new ScoredSample(completion, i, -1)),
            Enumerable.Range(0, 8).Select(i => i / 4)
        );
        Func<torch.Tensor, BatchPart, torch.Tensor> loss = (logProb, part) =>
            ScoreFunction.Loss(logProb, part.Of([.. batch.Select(item => item.Reward)]), part.Groups);
        GradientPart Part(int index) =>
            GradientAccumulation.BackwardPart(policy, policy.Parameters, batch, 4, index, ScoreFunction.Average, loss);
        GradientPart[] parts = [Part(0), Part(1)];
        long before = LiveTensors.Settled();

        for (int step = 0; step < 3; step++)
        {
            parts = [Part(0), Part(1)];
            GradientAccumulation.Add(policy.Parameters, parts);
            using torch.Tensor? sum = policy.Logits.grad;
            Assert.NotNull(sum);
            policy.Logits.grad = null;
        }

        Assert.Equal(before, LiveTensors.Now);
    }
}
