using CsCheck;
using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

/// <summary>The loss with values along the answers: its gradient against plain loops, and what it refuses.</summary>
[Trait("Tier", "torch")]
public sealed class TokenLimitTests
{
    private static readonly double[][] s_reference =

        [
            [-1, -1],
            [-2],
        ],
        s_values =

        [
            [0, 0.5, 0],
            [0, 1],
        ];

    [Fact]
    public void The_gradient_is_that_of_the_advantages_over_the_answers() =>
        Gen.Select(Gen.Int[1, 3].Array[1, 4], Gen.Int[0, 1000], Gen.Double[0, 1])
            .Sample(
                (lengths, seed, lambda) =>
                {
                    const int Width = 3;
                    var random = new Random(seed);
                    double[] log = [.. Enumerable.Range(0, lengths.Length * Width).Select(_ => -random.NextDouble())];
                    double[][] reference = [.. lengths.Select(n => Enumerable.Range(0, n).Select(_ => -random.NextDouble()).ToArray())],
                        values = [.. lengths.Select(n => Enumerable.Range(0, n + 1).Select(_ => random.NextDouble()).ToArray())];
                    using var logProb = torch.tensor(log, [lengths.Length, Width], requires_grad: true);
                    using var loss = ScoreFunction.Loss(logProb, reference, values, lambda);
                    loss.backward();
                    using var gradient = logProb.grad!;
                    double[] advantages = TokenAdvantages.Of(log, Width, reference, values, lambda),
                        slopes = gradient.data<double>().ToArray();
                    for (int i = 0; i < slopes.Length; i++)
                        Assert.Equal(-advantages[i] / lengths.Length, slopes[i], 1e-12);
                },
                iter: 100,
                threads: 1
            );

    [Fact]
    public void A_token_beyond_all_other_answers_keeps_its_advantage()
    {
        // At lambda = 1 the returns are 2 and 0.5 for answer 0 and -1 for answer 1; at the first token each takes the other one away.
        double[] advantages = TokenAdvantages.Of([-2, -2, 0, 0], 2, s_reference, s_values, lambda: 1);

        Assert.Equal([3, 0.5, -3, 0], advantages);
    }

    [Fact]
    public void Lambda_is_0_to_1_and_an_answer_has_1_to_T_tokens()
    {
        using var logProb = LogProb();
        foreach (double lambda in new[] { 0.0, 1 })
            ScoreFunction.Loss(logProb, s_reference, s_values, lambda).Dispose();
        foreach (double lambda in new[] { -1e-9, 1 + 1e-9, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(lambda), () => ScoreFunction.Loss(logProb, s_reference, s_values, lambda));
        Refused(
            "logReference",
            "answer 1",
            logProb,
            [
                [-1, -1],
                [],
            ],
            [
                [0, 0, 0],
                [0],
            ]
        );
        Refused(
            "logReference",
            "answer 0",
            logProb,
            [
                [-1, -1, -1],
                [-2],
            ],
            [
                [0, 0, 0, 0],
                [0, 0],
            ]
        );
        Refused(
            "values",
            "the end: 2.",
            logProb,
            s_reference,
            [
                [0, 0, 0],
                [0, 0, 0],
            ]
        );
        Refused(
            "values",
            "1 answers",
            logProb,
            s_reference,
            [
                [0, 0, 0],
            ]
        );
    }

    [Fact]
    public void Log_probabilities_are_of_as_many_answers_in_floating_point()
    {
        using torch.Tensor logProb = LogProb(),
            whole = torch.zeros([2, 2], torch.int64),
            none = torch.zeros(0, 2),
            flat = torch.zeros(2);
        Refused("logProb", "", whole, s_reference, s_values);
        Refused("logProb", "", flat, s_reference, s_values);
        Refused("logProb", "", none, [], []);
        Refused(
            "logProb",
            "",
            logProb,
            [
                [-1],
            ],
            [
                [0, 0],
            ]
        );
    }

    [Fact]
    public void A_number_that_is_none_is_named_with_its_answer()
    {
        using torch.Tensor logProb = LogProb(),
            bad = LogProb();
        bad[1, 0] = double.NaN;
        Named(
            "log pi_ref 1 of answer 0 is ",
            logProb,
            [
                [-1, double.NaN],
                [-2],
            ],
            s_values
        );
        Named(
            "log pi_ref 0 of answer 1 is ",
            logProb,
            [
                [-1, -1],
                [double.NegativeInfinity],
            ],
            s_values
        );
        Named(
            "value 0 of answer 1 is ",
            logProb,
            s_reference,
            [
                [0, 0, 0],
                [double.PositiveInfinity, 0],
            ]
        );
        Named("log pi_theta of token 0 of answer 1 is ", bad, s_reference, s_values);
        using var first = LogProb();
        first[0, 0] = double.NegativeInfinity;
        Named("log pi_theta of token 0 of answer 0 is ", first, s_reference, s_values);
    }

    private static torch.Tensor LogProb() => torch.tensor([-1.0, -2, -1, 0], [2, 2]);

    private static void Refused(string name, string said, torch.Tensor logProb, double[][] reference, double[][] values) =>
        Assert.Contains(
            said,
            Assert.Throws<ArgumentException>(name, () => ScoreFunction.Loss(logProb, reference, values, 1)).Message,
            StringComparison.Ordinal
        );

    private static void Named(string place, torch.Tensor logProb, double[][] reference, double[][] values) =>
        Assert.StartsWith(
            place,
            Assert.Throws<ArithmeticException>(() => ScoreFunction.Loss(logProb, reference, values, 1)).Message,
            StringComparison.Ordinal
        );
}
