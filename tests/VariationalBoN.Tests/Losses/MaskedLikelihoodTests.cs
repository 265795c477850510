using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class MaskedLikelihoodTests
{
    [Fact]
    public void The_loss_and_its_gradient_are_those_of_pencil_and_paper()
    {
        using var scope = torch.NewDisposeScope();
        var logProb = torch.tensor(new[] { -1.0, -2, -4, -8, double.NegativeInfinity, -16 }, [2, 3], requires_grad: true);

        var loss = MaskedLikelihood.Loss(
            logProb,
            [
                [true, false, true],
                [true, false],
            ],
            [1, .5]
        );
        loss.backward();

        Assert.Equal(LossAverage.Completions, MaskedLikelihood.Average);
        Assert.Equal((1 + 4 + (.5 * 8)) / 2, loss.ToDouble(), 14);
        EnumeratedGroups.AssertClose([-.5, 0, -.5, -.25, 0, 0], logProb.grad!.data<double>().ToArray(), 1e-15);
        Assert.Equal(
            torch.float32,
            MaskedLikelihood
                .Loss(
                    logProb.to(torch.float32),
                    [
                        [true],
                        [true],
                    ]
                )
                .dtype
        );
        Assert.Equal(
            4.5,
            MaskedLikelihood
                .Loss(
                    logProb,
                    [
                        [true],
                        [true],
                    ]
                )
                .ToDouble(),
            14
        );
    }

    [Fact]
    public void A_token_of_no_weight_or_of_no_mask_may_have_any_probability()
    {
        using var logProb = torch.tensor(new[] { double.NegativeInfinity, -2, -3, double.NaN }, [2, 2]);
        using var loss = MaskedLikelihood.Loss(
            logProb,
            [
                [true, true],
                [true],
            ],
            [0, 1]
        );
        Assert.Equal(1.5, loss.ToDouble(), 1e-15);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        using var scope = torch.NewDisposeScope();
        var logProb = torch.tensor(new[] { -1.0, -2, double.NaN, -4 }, [2, 2]);
        Assert.Contains(
            "tokenLogProb[1, 0] is NaN",
            Assert
                .Throws<ArithmeticException>(() =>
                    MaskedLikelihood.Loss(
                        logProb,
                        [
                            [true],
                            [true],
                        ]
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "masks[1] has no token",
            Assert
                .Throws<ArgumentException>(() =>
                    MaskedLikelihood.Loss(
                        logProb,
                        [
                            [true],
                            [false],
                        ]
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "masks[0] has 3 tokens",
            Assert
                .Throws<ArgumentException>(() =>
                    MaskedLikelihood.Loss(
                        logProb,
                        [
                            [true, true, true],
                            [true],
                        ]
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "weights[1] is -1",
            Assert
                .Throws<ArgumentException>(() =>
                    MaskedLikelihood.Loss(
                        logProb,
                        [
                            [true],
                            [true],
                        ],
                        [1, -1]
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() =>
            MaskedLikelihood.Loss(
                logProb,
                [
                    [true],
                ]
            )
        );
        Assert.Throws<ArgumentException>(() =>
            MaskedLikelihood.Loss(
                torch.tensor([-1.0]),
                [
                    [true],
                ]
            )
        );
        Assert.Throws<ArithmeticException>(() =>
            MaskedLikelihood.Loss(
                logProb,
                [
                    [true],
                    [false, true],
                ],
                [double.NaN, 1]
            )
        );
    }
}
