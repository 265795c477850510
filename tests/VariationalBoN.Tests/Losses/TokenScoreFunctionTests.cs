using System.Runtime.InteropServices;
using TorchSharp;
using VariationalBoN.Guidance;
using VariationalBoN.Losses;
using VariationalBoN.Policies;
using VariationalBoN.Testing.Values;
using VariationalBoN.Testing.Worlds;
using static VariationalBoN.Tests.Losses.EnumeratedGroups;

namespace VariationalBoN.Tests.Losses;

/// <summary>The score function with values along the answer, against enumeration of a small world.</summary>
[Trait("Tier", "torch")]
public sealed class TokenScoreFunctionTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void At_lambda_1_the_gradient_is_that_of_the_reverse_KL_whatever_the_values_are(int seed) =>
        AssertClose(ReverseKl, MeanGradient(Theta, 1, Arbitrary(seed)), 1e-11);

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(0.95)]
    [InlineData(1)]
    public void At_any_lambda_it_is_the_expectation_of_that_estimator_and_the_mean_of_the_others_adds_nothing(double lambda)
    {
        Func<string, double> values = Arbitrary(3);
        AssertClose(Expected(Theta, lambda, values), MeanGradient(Theta, lambda, values), 1e-11);
        if (lambda < 1)
            Assert.Contains(ReverseKl.Zip(Expected(Theta, lambda, values)), pair => Math.Abs(pair.First - pair.Second) > 1e-3);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.95)]
    [InlineData(1)]
    public void With_exact_values_best_of_n_is_its_fixed_point_and_every_advantage_is_zero(double lambda)
    {
        var exact = new EnumeratedPrefixValue(World);
        double Value(string prefix) => exact.Value(Tokens(prefix), RankWeight.BestOf(3));
        double[] best = BestLogits();
        var completions = Enumerable.Range(0, World.Sequences).Select(World.Completion).ToArray();
        using var policy = new TabularPolicy([EnumerableWorld.Prompt], 2, 2, best);
        using var logProb = policy.TokenLogProb([.. completions.Select(c => c.Completion)]);
        (double[][] logReference, double[][] values) = Numbers(completions, Value);
        double[] advantages = TokenAdvantages.Of(logProb.detach().data<double>().ToArray(), 2, logReference, values, lambda);

        Assert.All(advantages, advantage => Assert.Equal(0, advantage, 1e-12));
        Assert.All(MeanGradient(best, lambda, Value), g => Assert.Equal(0, g, 1e-12));
        Assert.Contains(MeanGradient(Theta, lambda, Value), g => Math.Abs(g) > 1e-3);
    }

    [Fact]
    public void Answers_of_different_lengths_have_the_advantages_of_the_formula()
    {
        const double Lambda = 0.7;
        const int Width = 3;
        int[] lengths = [3, 1, 2, 3];
        var random = new Random(2);
        double[] logProb = [.. Enumerable.Range(0, lengths.Length * Width).Select(_ => -random.NextDouble())];
        double[][] reference = [.. lengths.Select(n => Enumerable.Range(0, n).Select(_ => -random.NextDouble()).ToArray())],
            values = [.. lengths.Select(n => Enumerable.Range(0, n + 1).Select(_ => random.NextDouble()).ToArray())];

        double[] advantages = TokenAdvantages.Of(logProb, Width, reference, values, Lambda);

        double Plain(int row, int t) =>
            Enumerable
                .Range(0, lengths[row] - t)
                .Sum(j =>
                    Math.Pow(Lambda, j)
                    * (values[row][t + j + 1] - values[row][t + j] - (logProb[(row * Width) + t + j] - reference[row][t + j]))
                );
        for (int row = 0; row < lengths.Length; row++)
        {
            for (int t = 0; t < Width; t++)
            {
                int[] others = [.. Enumerable.Range(0, lengths.Length).Where(other => other != row && lengths[other] > t)];
                double expected =
                    t >= lengths[row] ? 0 : Plain(row, t) - others.Select(other => Plain(other, t)).DefaultIfEmpty(0).Average();
                Assert.Equal(expected, advantages[(row * Width) + t], 1e-12);
            }
        }
    }

    [Fact]
    public void Values_of_a_batch_are_those_of_its_prefixes_and_end_in_the_weight()
    {
        var world = new EnumerableWorld(2, 2, ReferenceLogits, [1, 0, 2, 2], 3);
        var policy = Guidance.WorldModel.Policy(world);
        var exact = new EnumeratedPrefixValue(world);
        var scored = new ScoredBatch(
            Enumerable.Range(0, 4).Select(y => world.Completion(y) with { Completion = Guidance.WorldModel.Completion(world, y) }),
            [0, 0, 1, 1]
        );
        var read = TokenValues.Of(exact, policy, scored, RankWeight.BestOf(3), world.BestOfN);
        for (int y = 0; y < 4; y++)
        {
            int[] tokens = [.. world.Completion(y).Completion.Tokens];
            for (int t = 0; t <= 2; t++)
                Assert.Equal(exact.Value(tokens[..t], RankWeight.BestOf(3)), read.Values[y][t], 1e-12);
            Assert.Equal(world.BestOfN.LogRatio(world.Completion(y)), read.Values[y][2], 1e-12);
            Assert.Equal(world.LogReference[y], read.LogReference[y].Sum(), 1e-12);
        }
    }

    [Fact]
    public void Lists_of_the_caller_are_read_once()
    {
        using var logProb = torch.tensor(
            new double[,]
            {
                { -1, -2 },
                { -1, 0 },
            }
        );
        double[][] reference =

            [
                [-1, -1],
                [-2],
            ],
            values =

            [
                [0, 0.5, 0],
                [0, 1],
            ];
        using var plain = ScoreFunction.Loss(logProb, reference, values, 0.5);
        var changing = new Queue<double[][]>([
            values,
            [
                [9, 9, 9],
                [9, 9],
            ],
        ]);
        using var once = ScoreFunction.Loss(logProb, reference, new Changing(changing), 0.5);
        Assert.Equal(plain.item<double>(), once.item<double>());
    }

    [Fact]
    public void Numbers_that_do_not_belong_together_are_refused_by_name()
    {
        using var logProb = torch.tensor(
            new double[,]
            {
                { -1, -2 },
                { -1, 0 },
            },
            requires_grad: true
        );
        double[][] reference =

            [
                [-1, -1],
                [-2],
            ],
            values =

            [
                [0, 0, 0],
                [0, 0],
            ];
        ScoreFunction.Loss(logProb, reference, values, 0.5).Dispose();
        foreach (double bad in new[] { -0.1, 1.1, double.NaN })
            Assert.Equal(
                "lambda",
                Assert.Throws<ArgumentOutOfRangeException>(() => ScoreFunction.Loss(logProb, reference, values, bad)).ParamName
            );
        Assert.Equal(
            "values",
            Assert
                .Throws<ArgumentException>(() =>
                    ScoreFunction.Loss(
                        logProb,
                        reference,
                        [
                            [0, 0, 0],
                            [0],
                        ],
                        1
                    )
                )
                .ParamName
        );
        Assert.Equal(
            "values",
            Assert
                .Throws<ArgumentException>(() =>
                    ScoreFunction.Loss(
                        logProb,
                        reference,
                        [
                            [0, 0, 0],
                        ],
                        1
                    )
                )
                .ParamName
        );
        Assert.Equal(
            "logReference",
            Assert
                .Throws<ArgumentException>(() =>
                    ScoreFunction.Loss(
                        logProb,
                        [
                            [-1, -1, -1],
                            [-2],
                        ],
                        values,
                        1
                    )
                )
                .ParamName
        );
        Assert.Equal(
            "logProb",
            Assert
                .Throws<ArgumentException>(() =>
                    ScoreFunction.Loss(
                        logProb,
                        [
                            [-1, -1],
                        ],
                        values,
                        1
                    )
                )
                .ParamName
        );
        Assert.Contains(
            "value 1 of answer 0",
            Assert
                .Throws<ArithmeticException>(() =>
                    ScoreFunction.Loss(
                        logProb,
                        reference,
                        [
                            [0, double.NaN, 0],
                            [0, 0],
                        ],
                        1
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
        using var infinite = torch.tensor(
            new double[,]
            {
                { -1, double.NegativeInfinity },
                { -1, 0 },
            }
        );
        Assert.Contains(
            "token 1 of answer 0",
            Assert.Throws<ArithmeticException>(() => ScoreFunction.Loss(infinite, reference, values, 1)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Tokens_of_a_causal_policy_add_up_to_its_completions_with_the_same_gradient()
    {
        using var model = Policies.TinyModels.Gpt2();
        var policy = new CausalLmPolicy(
            model,
            new Policies.NumberTokenizer(Policies.TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 5,
                StopTokens = [5],
                RowsPerBatch = 4,
            }
        );
        var drawn = policy.Sample(["1 2 3", "0"], 6, seed: 1);
        using var scope = torch.NewDisposeScope();
        var tokens = policy.TokenLogProb(drawn);
        double[] whole = policy.LogProbValues(drawn),
            sums = tokens.sum(1).detach().data<double>().ToArray();
        Assert.Equal([drawn.Count, drawn.Max(c => c.Tokens.Length)], tokens.shape);
        for (int i = 0; i < drawn.Count; i++)
        {
            Assert.Equal(whole[i], sums[i], 1e-6);
            for (int t = drawn[i].Tokens.Length; t < tokens.shape[1]; t++)
                Assert.Equal(0, tokens[i, t].item<double>());
        }

        float[] one = Gradient(tokens.sum()),
            two = Gradient(policy.LogProb(drawn).sum());
        Assert.All(one.Zip(two), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));

        float[] Gradient(torch.Tensor sum)
        {
            model.zero_grad();
            sum.backward();
            return [.. model.parameters().SelectMany(p => p.grad!.data<float>().ToArray())];
        }
    }

    [Fact]
    public void A_policy_that_does_not_tell_its_tokens_is_refused_by_name()
    {
        var scored = new ScoredBatch([World.Completion(0)], [0]);
        var error = Assert.Throws<ArgumentException>(() => new References.WordPolicy([1.0]).TokenLogProb(scored));
        Assert.Contains(
            "WordPolicy does not give the probability of single tokens (ITokenPolicy)",
            error.Message,
            StringComparison.Ordinal
        );
        using var policy = World.Reference();
        using var tokens = policy.TokenLogProb(scored);
        Assert.Equal([1L, 2], tokens.shape);
    }

    private static Func<string, double> Arbitrary(int seed) =>
        prefix => Math.Sin((seed + 1) * (1.3 + prefix.Sum(c => c * 0.7) + prefix.Length));

    private static int[] Tokens(string prefix) => [.. prefix.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

    /// <summary>log pi_ref of tokens and values of prefixes; at the end log w, whatever the values say.</summary>
    private static (double[][] LogReference, double[][] Values) Numbers(IReadOnlyList<ScoredCompletion> rows, Func<string, double> value)
    {
        using var reference = World.Reference();
        using var logs = reference.TokenLogProb([.. rows.Select(row => row.Completion)]);
        double[] flat = logs.detach().data<double>().ToArray();
        return (
            [.. rows.Select((_, i) => flat[(2 * i)..((2 * i) + 2)])],
            [.. rows.Select(row => (double[])[value(""), value($"{row.Completion.Tokens[0]}"), World.BestOfN.LogRatio(row)])]
        );
    }

    /// <summary>E[grad loss] over all pairs of answers.</summary>
    private static double[] MeanGradient(double[] theta, double lambda, Func<string, double> value)
    {
        using var policy = new TabularPolicy([EnumerableWorld.Prompt], 2, 2, theta);
        double[] log = World.LogProbs(theta),
            mean = new double[theta.Length];
        for (int pair = 0; pair < 16; pair++)
        {
            ScoredCompletion[] rows = [World.Completion(pair % 4), World.Completion(pair / 4)];
            (double[][] logReference, double[][] values) = Numbers(rows, value);
            using var scope = torch.NewDisposeScope();
            policy.Logits.grad?.zero_();
            ScoreFunction.Loss(policy.TokenLogProb([.. rows.Select(row => row.Completion)]), logReference, values, lambda).backward();
            var gradient = MemoryMarshal.Cast<byte, double>(policy.Logits.grad!.bytes);
            for (int i = 0; i < mean.Length; i++)
                mean[i] += Math.Exp(log[pair % 4] + log[pair / 4]) * gradient[i];
        }

        return mean;
    }

    /// <summary>-E[sum_t A_t grad log pi(a_t | s_t)] without any mean subtracted, written out for two tokens of two.</summary>
    private static double[] Expected(double[] theta, double lambda, Func<string, double> value)
    {
        double[] gradient = new double[theta.Length],
            log = World.LogProbs(theta);
        for (int y = 0; y < 4; y++)
        {
            ScoredCompletion row = World.Completion(y);
            (double[][] logReference, double[][] values) = Numbers([row], value);
            int a = row.Completion.Tokens[0],
                b = row.Completion.Tokens[1];
            double first = LogSoftmax(theta, 0, a),
                second = LogSoftmax(theta, 1 + a, b);
            double end = values[0][2] - values[0][1] - (second - logReference[0][1]),
                start = values[0][1] - values[0][0] - (first - logReference[0][0]) + (lambda * end);
            Add(0, a, start);
            Add(1 + a, b, end);

            void Add(int context, int token, double advantage)
            {
                for (int v = 0; v < 2; v++)
                    gradient[(2 * context) + v] -=
                        Math.Exp(log[y]) * advantage * ((v == token ? 1 : 0) - Math.Exp(LogSoftmax(theta, context, v)));
            }
        }

        return gradient;
    }

    private static double LogSoftmax(double[] theta, int context, int token) =>
        theta[(2 * context) + token] - Math.Log(Math.Exp(theta[2 * context]) + Math.Exp(theta[(2 * context) + 1]));

    /// <summary>Logits of pi_bon itself.</summary>
    private static double[] BestLogits()
    {
        double[] p = [.. World.LogBestOfN.Select(Math.Exp)];
        return [Math.Log(p[0] + p[1]), Math.Log(p[2] + p[3]), Math.Log(p[0]), Math.Log(p[1]), Math.Log(p[2]), Math.Log(p[3])];
    }

    /// <summary>A list that is another one each time it is gone through, and cannot be read by index.</summary>
    private sealed class Changing(Queue<double[][]> lists) : IReadOnlyList<double[]>
    {
        public int Count => 2;

        public double[] this[int index] => throw new InvalidOperationException("The list is read by index.");

        public IEnumerator<double[]> GetEnumerator() => ((IEnumerable<double[]>)lists.Dequeue()).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
