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
        Assert.Equal(4, policy.Contexts); // behind no token, and behind each of the three
        var batch = new ScoredBatch(
            policy.Sample(["a", "b"], 4, seed: 1).Select((completion, i) => new ScoredSample(completion, i, -1)),
            Enumerable.Range(0, 8).Select(i => i / 4)
        );
        Func<torch.Tensor, BatchPart, torch.Tensor> loss = (logProb, part) =>
            ScoreFunction.Loss(logProb, part.Of([.. batch.Select(item => item.Reward)]), part.Groups);
        BatchPart[] cut = [.. GradientAccumulation.Cut(batch, 4, ScoreFunction.Average)];
        Step();
        long before = LiveTensors.Settled();

        for (int step = 0; step < 3; step++)
            Step();

        Assert.Equal(before, LiveTensors.Now);

        void Step()
        {
            GradientPart[] parts = [.. cut.Select(part => GradientAccumulation.BackwardPart(policy, policy.Parameters, part, "1", loss))];
            using (var whole = new GradientSum(policy.Parameters, cut, "1"))
            {
                whole.Add(parts[1]);
                whole.Add(parts[0]);
                whole.ToLoss();
            }

            using (var begun = new GradientSum(policy.Parameters, cut, "1"))
                begun.Add(parts[0]);
            using torch.Tensor? sum = policy.Logits.grad;
            Assert.NotNull(sum);
            policy.Logits.grad = null;
        }
    }
}
