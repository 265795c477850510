using System.Runtime.InteropServices;
using TorchSharp;
using VariationalBoN.Guidance;
using VariationalBoN.Losses;
using VariationalBoN.Policies;
using VariationalBoN.Testing.Values;
using VariationalBoN.Testing.Worlds;
using VariationalBoN.Tests.Guidance;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Training;
using static VariationalBoN.Tests.Losses.EnumeratedGroups;

namespace VariationalBoN.Tests.Losses;

/// <summary>Distillation against enumeration of a small world,
/// whose teacher is guided by exact values and so is Best-of-N itself.</summary>
[Trait("Tier", "torch")]
public sealed class DistillationTests
{
    private static readonly Completion[] s_all = [.. Enumerable.Range(0, World.Sequences).Select(y => WorldModel.Completion(World, y))];

    private static GuidedPolicy Teacher =>
        new(
            WorldModel.Policy(World),
            new EnumeratedPrefixValue(World),
            RankWeight.BestOf(3),
            new GuidanceOptions { TopTokens = World.VocabularySize }
        );

    [Fact]
    public void Over_the_draws_of_the_policy_the_loss_is_its_KL_to_the_teacher()
    {
        Assert.Equal(LossAverage.Completions, Distillation.Average);
        double[] log = World.LogProbs(Theta);
        double mean = s_all.Select((completion, y) => Math.Exp(log[y]) * At(Theta, [completion]).Value).Sum();
        Assert.Equal(EnumerableWorld.Kl(log, World.LogBestOfN), mean, 1e-12);
    }

    [Fact]
    public void Its_gradient_is_that_of_each_step_with_the_prefixes_as_they_are_seen()
    {
        double[] log = World.LogProbs(Theta),
            mean = new double[Theta.Length],
            best = BestLogits();
        for (int y = 0; y < World.Sequences; y++)
        {
            double[] gradient = At(Theta, [s_all[y]]).Gradient;
            for (int i = 0; i < mean.Length; i++)
                mean[i] += Math.Exp(log[y]) * gradient[i];
        }

        double[] first = Softmax(Theta, 0),
            expected = [.. Enumerable.Range(0, 3).SelectMany(OfContext)];
        AssertClose(expected, mean);

        // d KL / d logit_a = p_a (log(p_a / q_a) - KL), times the probability to be there
        IEnumerable<double> OfContext(int context)
        {
            double[] p = Softmax(Theta, context),
                q = Softmax(best, context);
            double kl = p.Zip(q).Sum(pair => pair.First * Math.Log(pair.First / pair.Second));
            return p.Zip(q, (a, b) => (context == 0 ? 1 : first[context - 1]) * a * (Math.Log(a / b) - kl));
        }
    }

    [Fact]
    public void The_teacher_is_its_fixed_point()
    {
        (double value, double[] gradient) = At(BestLogits(), s_all);
        Assert.Equal(0, value, 1e-12);
        Assert.All(gradient, g => Assert.Equal(0, g, 1e-12));
        Assert.Contains(At(Theta, s_all).Gradient, g => Math.Abs(g) > 1e-3);
    }

    [Fact]
    public void Parts_of_a_batch_add_up_to_it()
    {
        using var model = TinyModels.Gpt2();
        CausalLmPolicy policy = GuidedExample.Policy(model),
            teacher = GuidedExample.Policy(TinyModels.Gpt2(seed: 9).Freeze());
        var drawn = policy.Sample(["1 2 3", "0"], 6, seed: 1);
        float[] whole = Gradient(drawn.Count),
            parts = Gradient(5);
        Assert.All(whole.Zip(parts), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        Assert.Contains(whole, g => Math.Abs(g) > 1e-3);

        float[] Gradient(int each)
        {
            model.zero_grad();
            foreach (Completion[] part in drawn.Chunk(each))
            {
                using var scope = torch.NewDisposeScope();
                Distillation.Loss(policy.NextTokenLogProb(part), teacher.NextTokenLogProb(part), drawn.Count).backward();
            }

            return [.. model.parameters().SelectMany(p => p.grad!.data<float>().ToArray())];
        }
    }

    [Fact]
    public void Numbers_that_do_not_belong_together_are_refused_by_name()
    {
        using torch.Tensor log = torch.tensor(
                new double[,]
                {
                    { -0.7, -0.7 },
                },
                requires_grad: true
            ),
            other = torch.zeros(2, 2),
            whole = torch.zeros([1, 2], torch.int64),
            flat = torch.zeros(2),
            never = torch.tensor(
                new double[,]
                {
                    { 0, double.NegativeInfinity },
                }
            );
        Assert.Equal("logProb", Assert.Throws<ArgumentException>(() => Distillation.Loss(flat, flat, 1)).ParamName);
        Assert.Equal("teacher", Assert.Throws<ArgumentException>(() => Distillation.Loss(log, other, 1)).ParamName);
        Assert.Equal("teacher", Assert.Throws<ArgumentException>(() => Distillation.Loss(log, whole, 1)).ParamName);
        Assert.Equal("completions", Assert.Throws<ArgumentOutOfRangeException>(() => Distillation.Loss(log, log, 0)).ParamName);
        Assert.Contains(
            "full support",
            Assert.Throws<ArithmeticException>(() => Distillation.Loss(log, never, 1)).Message,
            StringComparison.Ordinal
        );
        string truncated = Assert.Throws<ArithmeticException>(() => Distillation.Loss(never, log, 1)).Message;
        Assert.Contains("without truncation", truncated, StringComparison.Ordinal);
        Assert.DoesNotContain("teacher", truncated, StringComparison.Ordinal);
    }

    [Fact]
    public void Accumulated_over_parts_its_gradient_is_that_of_the_batch()
    {
        using var model = TinyModels.Gpt2();
        CausalLmPolicy policy = GuidedExample.Policy(model),
            teacher = GuidedExample.Policy(TinyModels.Gpt2(seed: 9).Freeze());
        var drawn = policy.Sample(["1 2 3", "0", "4"], 2, seed: 1);
        var scored = new ScoredBatch([.. drawn.Select(completion => new ScoredCompletion(completion, 0, 0))], [0, 0, 1, 1, 2, 2]);
        float[] whole = Gradient(() => Loss(scored).backward()),
            parts = Gradient(() => GradientAccumulation.Backward(policy, scored, 4, Distillation.Average, (_, part) => Loss(part.Scored)));
        Assert.All(whole.Zip(parts), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        Assert.Contains(whole, g => Math.Abs(g) > 1e-3);

        torch.Tensor Loss(ScoredBatch batch) =>
            Distillation.Loss(policy.NextTokenLogProb(batch.Completions), teacher.NextTokenLogProb(batch.Completions), batch.Count);

        float[] Gradient(Action backward)
        {
            model.zero_grad();
            using var scope = torch.NewDisposeScope();
            backward();
            return [.. model.parameters().SelectMany(p => p.grad!.data<float>().ToArray())];
        }
    }

    /// <summary>The loss of some completions, and its gradient.</summary>
    private static (double Value, double[] Gradient) At(double[] theta, Completion[] completions)
    {
        using var policy = new TabularPolicy([EnumerableWorld.Prompt], 2, 2, theta);
        using var scope = torch.NewDisposeScope();
        var loss = Distillation.Loss(policy.NextTokenLogProb(completions), Teacher.NextTokenLogProb(completions), completions.Length);
        loss.backward();
        return (loss.item<double>(), MemoryMarshal.Cast<byte, double>(policy.Logits.grad!.bytes).ToArray());
    }

    private static double[] Softmax(double[] logits, int context)
    {
        double first = 1 / (1 + Math.Exp(logits[(2 * context) + 1] - logits[2 * context]));
        return [first, 1 - first];
    }

    /// <summary>Logits of pi_bon itself.</summary>
    private static double[] BestLogits()
    {
        double[] p = [.. World.LogBestOfN.Select(Math.Exp)];
        return [Math.Log(p[0] + p[1]), Math.Log(p[2] + p[3]), Math.Log(p[0]), Math.Log(p[1]), Math.Log(p[2]), Math.Log(p[3])];
    }
}
