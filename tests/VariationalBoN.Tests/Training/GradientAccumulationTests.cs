using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Losses;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.Training;

/// <summary>The gradient over parts is that of the whole batch:
/// groups of 2 to 5 completions that are not neighbours, and samples without a reward among them.</summary>
[Trait("Tier", "torch")]
public sealed class GradientAccumulationTests : IDisposable
{
    private static readonly Prompt[] s_prompts = ["a", "b", "c", "d"];
    private static readonly int[] s_groups = [0, 1, 0, 2, 1, 2, 3, 0, 2, 3, 2, 0, 2, 1, 0];
    private readonly TabularPolicy _policy = new(s_prompts, 3, 2, [.. Enumerable.Range(0, 4 * 4 * 3).Select(i => Math.Sin(i))]);
    private readonly ScoredBatch _batch;
    private readonly double[] _targets,
        _old,
        _weights;

    public GradientAccumulationTests()
    {
        IReadOnlyList<Completion> drawn = _policy.Sample(s_prompts, 5, seed: 1);
        int[] next = new int[4];
        _batch = new ScoredBatch(
            s_groups.Select(
                (group, i) => new ScoredSample(drawn[(group * 5) + next[group]++], i is 2 or 7 or 12 ? null : Math.Cos(i), -1 - (i / 7.0))
            ),
            s_groups.Select(group => 10 - group)
        );
        int count = _batch.Count;
        _targets = [.. Enumerable.Range(0, count).Select(i => -2 + Math.Sin(3 * i))];
        _old = [.. _policy.LogProbValues(_batch.Completions).Select((value, i) => value + (0.25 * Math.Sin(5 * i)))];
        _weights = [.. Enumerable.Range(0, count).Select(i => 0.1 * (i + 1))];
    }

    public static TheoryData<string> Losses =>
        [
            "score function",
            "score function, tensor",
            "no baseline",
            "group mean",
            "clipped ratio",
            "normalised ratio",
            "weighted likelihood",
            "centred",
            "known",
        ];

    public void Dispose() => _policy.Dispose();

    [Theory]
    [MemberData(nameof(Losses))]
    public void The_gradient_over_parts_is_that_of_the_whole_batch(string name)
    {
        (LossAverage average, Func<torch.Tensor, BatchPart, torch.Tensor> loss) = Loss(name);
        (double[] gradient, AccumulatedLoss whole) = Run(int.MaxValue, average, loss);
        Assert.Equal(Direct(name), gradient, (a, b) => Math.Abs(a - b) < 1e-14);
        Assert.Contains(gradient, value => Math.Abs(value) > 1e-3);

        foreach (int completionsPerPart in (int[])[1, 4, 6, 8])
        {
            (double[] parts, AccumulatedLoss made) = Run(completionsPerPart, average, loss);
            Assert.Equal(gradient, parts, (a, b) => Math.Abs(a - b) < 1e-14);
            Assert.Equal(whole.Value, made.Value, 1e-12);
            Assert.Equal(_policy.LogProbValues(_batch.Completions), made.LogProb, (a, b) => Math.Abs(a - b) < 1e-14);
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Parts_from_elsewhere_in_any_order_have_the_bits_of_one_process(string name)
    {
        (LossAverage average, Func<torch.Tensor, BatchPart, torch.Tensor> loss) = Loss(name);
        (double[] expected, AccumulatedLoss whole) = Run(4, average, loss);
        using TabularPolicy worker = _policy.Clone(),
            other = _policy.Clone();
        BatchPart[] cut = [.. GradientAccumulation.Cut(_batch, 4, average)];
        GradientPart[] parts =
        [
            .. cut.Reverse()
                .Select(part =>
                    GradientAccumulation.BackwardPart(
                        part.Index % 2 == 0 ? worker : other,
                        part.Index % 2 == 0 ? worker.Parameters : other.Parameters,
                        part,
                        "1",
                        loss
                    )
                ),
        ];
        AccumulatedLoss? made = null;
        foreach (GradientPart part in parts)
        {
            Assert.Equal("1", part.Weights);
            Assert.Equal(part.LogProb, cut[part.Index].Positions.Select(position => whole.LogProb[position]));
            Assert.Equal(cut[part.Index].Scored, cut[part.Index].Positions.Select(position => _batch[position]));
        }

        double[] gradient = Gradient(() => made = Sum(_policy.Parameters, cut, parts));

        int count = cut.Length;
        Assert.True(count > 2);
        Assert.Equal(expected.Select(BitConverter.DoubleToInt64Bits), gradient.Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal((whole.Value, string.Join(' ', whole.LogProb)), (made!.Value, string.Join(' ', made.LogProb)));
        Assert.Null(worker.Logits.grad);
    }

    [Fact]
    public void Parts_of_a_model_in_float32_have_the_bits_of_one_process_from_no_gradient_on()
    {
        using Gpt2 model = TinyModels.Gpt2(),
            elsewhere = TinyModels.Gpt2();
        CausalLmPolicy policy = Of(model),
            worker = Of(elsewhere);
        ScoredBatch batch = new(
            policy.Sample(["1 2", "3", "0 4 1"], 4, seed: 5).Select((completion, i) => new ScoredSample(completion, Math.Sin(i), -1)),
            Enumerable.Range(0, 12).Select(i => i / 4)
        );
        Func<torch.Tensor, BatchPart, torch.Tensor> loss = (logProb, part) =>
            ScoreFunction.Loss(logProb, part.Of([.. batch.Select(item => item.Reward)]), part.Groups);

        GradientAccumulation.Backward(policy, batch, 4, ScoreFunction.Average, loss);
        string[] expected = Bits(model);
        model.zero_grad(set_to_none: true);
        BatchPart[] cut = [.. GradientAccumulation.Cut(batch, 4, ScoreFunction.Average)];
        Sum(
            policy.Parameters,
            cut,
            cut.Reverse().Select(part => GradientAccumulation.BackwardPart(worker, worker.Parameters, part, "1", loss))
        );

        Assert.Equal(expected, Bits(model));

        CausalLmPolicy Of(Gpt2 module) =>
            new(module, new NumberTokenizer(TinyModels.Vocabulary), new GenerationOptions { MaxNewTokens = 4 });

        static string[] Bits(Gpt2 model)
        {
            using var scope = torch.NewDisposeScope();
            return [.. model.parameters().Select(parameter => Convert.ToHexString(parameter.grad!.contiguous().bytes))];
        }
    }

    [Fact]
    public void Parts_that_are_not_those_of_one_batch_and_its_weights_are_refused()
    {
        (LossAverage average, Func<torch.Tensor, BatchPart, torch.Tensor> loss) = Loss("score function");
        BatchPart[] cut = [.. GradientAccumulation.Cut(_batch, 4, average)],
            another = [.. GradientAccumulation.Cut(_batch, 5, average)];
        GradientPart Part(BatchPart part, string weights = "1") =>
            GradientAccumulation.BackwardPart(_policy, _policy.Parameters, part, weights, loss);
        using var small = new TabularPolicy(s_prompts[..1], 3, 2);
        using var sum = new GradientSum(_policy.Parameters, cut, "1");
        using var smallSum = new GradientSum(small.Parameters, cut, "1");
        sum.Add(Part(cut[0]));
        sum.Add(Part(cut[2]));

        Assert.Contains("is of the batch", Refused(sum, Part(another[1])), StringComparison.Ordinal);
        Assert.Contains("is of the weights 2, and the sum is of 1", Refused(sum, Part(cut[1], "2")), StringComparison.Ordinal);
        Assert.Contains("Part 0 of the gradient has come before", Refused(sum, Part(cut[0])), StringComparison.Ordinal);
        Assert.Contains("Part 2 of the gradient has come before", Refused(sum, Part(cut[2])), StringComparison.Ordinal);
        Assert.Contains("for parameter 0, [1, 4, 3]", Refused(smallSum, Part(cut[0])), StringComparison.Ordinal);
        Assert.Contains("Part 1 of", Assert.Throws<InvalidOperationException>(() => sum.ToLoss()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new GradientSum(_policy.Parameters, cut[1..], "1"));
        Assert.Contains(
            "Part 1 is of the batch other, and part 0",
            NoSum([cut[0], Alone(cut[1], "other"), .. cut[2..]]),
            StringComparison.Ordinal
        );
        Assert.Contains("position 0 stands twice", NoSum([.. cut.Select(part => Alone(part, part.Batch))]), StringComparison.Ordinal);
        Assert.Equal((1, 1), (sum.Added, sum.Held));

        BatchPart Alone(BatchPart part, string batch) => new(part.Scored, batch, part.Index, part.Parts, part.Share);
        string NoSum(BatchPart[] parts) => Assert.Throws<ArgumentException>(() => new GradientSum(_policy.Parameters, parts, "1")).Message;
        static string Refused(GradientSum sum, GradientPart part) => Assert.Throws<ArgumentException>(() => sum.Add(part)).Message;
    }

    [Fact]
    public void A_part_that_came_alone_has_the_gradient_of_the_part_of_its_batch()
    {
        BatchPart part = GradientAccumulation.Cut(_batch, 4, ScoreFunction.Average)[1];
        double[] targets = [.. Enumerable.Range(0, _batch.Count).Select(i => Math.Cos(i))];
        var alone = new BatchPart(part.Scored, part.Batch, part.Index, part.Parts, part.Share);
        GradientPart Of(BatchPart of, double[] numbers) =>
            GradientAccumulation.BackwardPart(
                _policy,
                _policy.Parameters,
                of,
                "1",
                (logProb, b) => ScoreFunction.Loss(logProb, b.Of(numbers), b.Groups)
            );

        GradientPart expected = Of(part, targets),
            made = Of(alone, part.Of(targets));

        Assert.Equal((expected.Batch, expected.Index, expected.Value), (made.Batch, made.Index, made.Value));
        Assert.Equal(expected.Gradients[0], made.Gradients[0]);
        Assert.Throws<ArgumentException>(() => alone.Of(targets));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchPart(part.Scored, part.Batch, 3, 3, part.Share));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchPart(part.Scored, part.Batch, 0, 3, double.NaN));
    }

    [Fact]
    public void A_sum_that_does_not_end_leaves_the_gradients_as_they_were()
    {
        (LossAverage average, Func<torch.Tensor, BatchPart, torch.Tensor> loss) = Loss("score function");
        BatchPart[] cut = [.. GradientAccumulation.Cut(_batch, 4, average)];
        using TabularPolicy worker = _policy.Clone();
        GradientPart first = GradientAccumulation.BackwardPart(worker, worker.Parameters, cut[0], "1", loss);

        using (var sum = new GradientSum(_policy.Parameters, cut, "1"))
            sum.Add(first);
        Assert.Null(_policy.Logits.grad);

        double[] gradient = Gradient(() => GradientAccumulation.Backward(_policy, _batch, 4, average, loss)),
            after = Gradient(() =>
            {
                GradientAccumulation.Backward(_policy, _batch, 4, average, loss);
                using var sum = new GradientSum(_policy.Parameters, cut, "1");
                sum.Add(first);
            });
        Assert.Equal(gradient, after);
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void The_other_average_would_be_another_gradient(string name)
    {
        (LossAverage average, Func<torch.Tensor, BatchPart, torch.Tensor> loss) = Loss(name);
        LossAverage other = average == LossAverage.Groups ? LossAverage.Completions : LossAverage.Groups;

        double[] wrong = Run(4, other, loss).Gradient;

        Assert.Contains(Direct(name).Zip(wrong), pair => Math.Abs(pair.First - pair.Second) > 1e-3);
    }

    [Theory]
    [InlineData("ipo")]
    [InlineData("dpo")]
    [InlineData("bonbon")]
    public void Losses_of_pairs_take_a_pair_as_a_group(string name)
    {
        ScoredCompletion[] completions = [.. _batch];
        var pairs = new ScoredBatch(completions, Enumerable.Range(0, completions.Length).Select(i => i / 2));
        double[] reference = [.. completions.Select(item => item.LogReference)];

        double[] whole = Gradient(() => GradientAccumulation.Backward(_policy, pairs, int.MaxValue, PairLoss.Average, Pairs));
        double[] direct = Gradient(() => OfPairs(_policy.LogProb(pairs.Completions), reference).backward());
        double[] parts = Gradient(() => GradientAccumulation.Backward(_policy, pairs, 4, PairLoss.Average, Pairs));

        Assert.Contains(direct, value => Math.Abs(value) > 1e-3);
        Assert.Equal(direct, whole, (a, b) => Math.Abs(a - b) < 1e-14);
        Assert.Equal(direct, parts, (a, b) => Math.Abs(a - b) < 1e-14);

        torch.Tensor Pairs(torch.Tensor logProb, BatchPart part) => OfPairs(logProb, part.Of(reference));

        torch.Tensor OfPairs(torch.Tensor logProb, double[] logReference)
        {
            var both = logProb.view(-1, 2); // [P, best and worst]
            double[] best = [.. logReference.Where((_, i) => i % 2 == 0)],
                worst = [.. logReference.Where((_, i) => i % 2 == 1)];
            return name switch
            {
                "ipo" => PairLoss.Ipo(both.select(1, 0), both.select(1, 1), best, worst, beta: 0.2),
                "dpo" => PairLoss.Dpo(both.select(1, 0), both.select(1, 1), best, worst, beta: 0.2),
                _ => PairLoss.BonBon(both.select(1, 0), both.select(1, 1), best, worst, n: 4),
            };
        }
    }

    [Fact]
    public void A_Jeffreys_mix_is_the_sum_of_its_two_parts()
    {
        double[] mixed = Gradient(() =>
            Jeffreys
                .Loss(
                    ScoreFunction.Loss(_policy.LogProb(_batch), _targets, _batch.Groups),
                    WeightedLikelihood.Loss(_policy.LogProb(_batch), _weights, _batch.Groups),
                    0.3
                )
                .backward()
        );

        double[] parts = Gradient(() =>
        {
            GradientAccumulation.Backward(
                _policy,
                _batch,
                4,
                ScoreFunction.Average,
                (logProb, part) => ScoreFunction.Loss(logProb, part.Of(_targets), part.Groups) * 0.3
            );
            GradientAccumulation.Backward(
                _policy,
                _batch,
                4,
                WeightedLikelihood.Average,
                (logProb, part) => WeightedLikelihood.Loss(logProb, part.Of(_weights), part.Groups) * 0.7
            );
        });

        Assert.Equal(mixed, parts, (a, b) => Math.Abs(a - b) < 1e-14);
    }

    [Fact]
    public void Metrics_of_the_numbers_are_those_of_the_tensor()
    {
        var table = new ReferenceTable(
            s_prompts.Select(prompt => new ReferencePrompt(prompt, [0.0, 0.5, 1], []))
        ).AcceptUnknownProvenance();
        var bestOfN = table.BestOf(2);
        (LossAverage average, Func<torch.Tensor, BatchPart, torch.Tensor> loss) = Loss("score function");
        using var logProb = _policy.LogProb(_batch).detach();

        StepMetrics expected = StepMetrics.Of(bestOfN, _batch, logProb),
            made = StepMetrics.Of(bestOfN, _batch, Run(4, average, loss).Made.LogProb);

        Assert.Equal(expected, made);
        Assert.Equal(3, made.Excluded);
    }

    [Fact]
    public void What_cannot_be_accumulated_is_refused()
    {
        (LossAverage average, Func<torch.Tensor, BatchPart, torch.Tensor> loss) = Loss("score function");
        var empty = new ScoredBatch(_batch.Drawn.Where(sample => sample.Reward is null), [0, 0, 0]);

        Assert.Contains(
            "None of the 3 samples",
            Assert.Throws<ArgumentException>(() => GradientAccumulation.Backward(_policy, empty, 4, average, loss)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientAccumulation.Backward(_policy, _batch, 0, average, loss));
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientAccumulation.Backward(_policy, _batch, 4, (LossAverage)7, loss));
        Assert.Contains(
            "is [2] with gradient",
            Assert
                .Throws<ArgumentException>(() =>
                    GradientAccumulation.Backward(_policy, _batch, 1, average, (logProb, _) => logProb.narrow(0, 0, 2))
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "without gradient",
            Assert
                .Throws<ArgumentException>(() =>
                    GradientAccumulation.Backward(_policy, _batch, 4, average, (logProb, _) => logProb.detach().mean())
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "12 completions in the whole batch",
            Assert
                .Throws<ArgumentException>(() =>
                    GradientAccumulation.Backward(
                        _policy,
                        _batch,
                        4,
                        average,
                        (logProb, part) => ScoreFunction.Loss(logProb, part.Of(_targets[1..]), part.Groups)
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    private (LossAverage Average, Func<torch.Tensor, BatchPart, torch.Tensor> Loss) Loss(string name) =>
        name switch
        {
            "score function" => (ScoreFunction.Average, (logProb, part) => ScoreFunction.Loss(logProb, part.Of(_targets), part.Groups)),
            "score function, tensor" => (
                ScoreFunction.Average,
                (logProb, part) => ScoreFunction.Loss(logProb, torch.tensor(part.Of(_targets)), part.Groups)
            ),
            "no baseline" => (
                ScoreFunction.Average,
                (logProb, part) => ScoreFunction.Loss(logProb, part.Of(_targets), part.Groups, Baseline.None)
            ),
            "group mean" => (
                ScoreFunction.Average,
                (logProb, part) => ScoreFunction.Loss(logProb, part.Of(_targets), part.Groups, Baseline.GroupMean)
            ),
            "clipped ratio" => (
                ClippedRatio.Average,
                (logProb, part) => ClippedRatio.Loss(logProb, part.Of(_old), part.Of(_targets), part.Groups)
            ),
            "normalised ratio" => (
                ClippedRatio.Average,
                (logProb, part) =>
                    ClippedRatio.Loss(
                        logProb,
                        part.Of(_old),
                        part.Of(_targets),
                        part.Groups,
                        new ClippedRatioOptions { NormaliseByGroup = true }
                    )
            ),
            "weighted likelihood" => (
                WeightedLikelihood.Average,
                (logProb, part) => WeightedLikelihood.Loss(logProb, part.Of(_weights), part.Groups)
            ),
            "centred" => (
                SquaredLogRatio.CentredAverage,
                (logProb, part) => SquaredLogRatio.Centred(logProb, part.Of(_targets), part.Groups)
            ),
            _ => (SquaredLogRatio.KnownAverage, (logProb, part) => SquaredLogRatio.Known(logProb, part.Of(_targets))),
        };

    /// <summary>The gradient of the whole batch by the loss itself.</summary>
    private double[] Direct(string name) =>
        Gradient(() =>
        {
            var logProb = _policy.LogProb(_batch);
            var groups = _batch.Groups;
            var loss = name switch
            {
                "score function" or "score function, tensor" => ScoreFunction.Loss(logProb, _targets, groups),
                "no baseline" => ScoreFunction.Loss(logProb, _targets, groups, Baseline.None),
                "group mean" => ScoreFunction.Loss(logProb, _targets, groups, Baseline.GroupMean),
                "clipped ratio" => ClippedRatio.Loss(logProb, _old, _targets, groups),
                "normalised ratio" => ClippedRatio.Loss(
                    logProb,
                    _old,
                    _targets,
                    groups,
                    new ClippedRatioOptions { NormaliseByGroup = true }
                ),
                "weighted likelihood" => WeightedLikelihood.Loss(logProb, _weights, groups),
                "centred" => SquaredLogRatio.Centred(logProb, _targets, groups),
                _ => SquaredLogRatio.Known(logProb, _targets),
            };
            loss.backward();
        });

    private (double[] Gradient, AccumulatedLoss Made) Run(
        int completionsPerPart,
        LossAverage average,
        Func<torch.Tensor, BatchPart, torch.Tensor> loss
    )
    {
        AccumulatedLoss? made = null;
        double[] gradient = Gradient(() => made = GradientAccumulation.Backward(_policy, _batch, completionsPerPart, average, loss));
        return (gradient, made!);
    }

    private static AccumulatedLoss Sum(IReadOnlyList<Parameter> parameters, BatchPart[] cut, IEnumerable<GradientPart> parts)
    {
        using var sum = new GradientSum(parameters, cut, "1");
        foreach (GradientPart part in parts)
            sum.Add(part);
        return sum.ToLoss();
    }

    private double[] Gradient(Action backward)
    {
        using var scope = torch.NewDisposeScope();
        _policy.Logits.grad?.zero_();
        backward();
        return _policy.Logits.grad!.data<double>().ToArray();
    }
}
