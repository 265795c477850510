using CsCheck;
using VariationalBoN.Evaluation;

namespace VariationalBoN.Tests.Evaluation;

[Trait("Tier", "fast")]
public sealed class ParetoFrontTests
{
    private static readonly Gen<(double Kl, double Value)> s_point = Gen.Select(Gen.Int[0, 6], Gen.Int[0, 6])
        .Select((kl, value) => ((double)kl, (double)value));

    [Fact]
    public void Front_is_what_no_other_point_dominates() =>
        s_point
            .Array[0, 25]
            .Sample(
                points =>
                {
                    var front = ParetoFront.Of(
                        points.Select((point, i) => (point.Kl, point.Value, i)),
                        point => point.Kl,
                        point => point.Value
                    );
                    int[] expected = [.. Enumerable.Range(0, points.Length).Where(i => !points.Any(other => Dominates(other, points[i])))];
                    return front.Select(point => point.i).Order().SequenceEqual(expected)
                        && front
                            .Zip(front.Skip(1))
                            .All(pair =>
                                pair.First.Kl <= pair.Second.Kl && (pair.First.Kl != pair.Second.Kl || pair.First.i < pair.Second.i)
                            );
                },
                iter: 100_000
            );

    [Fact]
    public void Without_errors_both_fronts_are_one() =>
        s_point
            .Array[0, 15]
            .Sample(
                points =>
                    ParetoFront
                        .Of(points, point => point.Kl, point => point.Value)
                        .SequenceEqual(
                            ParetoFront.WithinErrors(
                                points,
                                point => new Estimate(point.Kl, 0, 2),
                                point => new Estimate(point.Value, 0, 2),
                                0
                            )
                        ),
                iter: 10_000
            );

    [Fact]
    public void Within_errors_holds_the_front_and_grows_with_the_errors() =>
        Gen.Select(Gen.Select(Gen.Double[0, 3], Gen.Double[0, 3]).Array[1, 12], Gen.Double[0, 1])
            .Sample(
                (points, error) =>
                {
                    var front = ParetoFront.Of(points, point => point.Item1, point => point.Item2);
                    var few = Within(points, error);
                    return front.All(point => few.Contains(point))
                        && few.All(point => Within(points, 2 * error).Contains(point))
                        && Within(points, double.PositiveInfinity).Length == points.Length;
                },
                iter: 5_000
            );

    [Fact]
    public void A_point_within_the_errors_of_a_better_one_stays_and_one_beyond_goes()
    {
        (string Name, double Kl, double Value)[] points = [("best", 1, 3), ("close", 1.01, 2.95), ("worse", 1.01, 2)];

        var front = ParetoFront.WithinErrors(points, point => new Estimate(point.Kl, 0.1, 9), point => new Estimate(point.Value, 0.1, 9));

        Assert.Equal(["best", "close"], front.Select(point => point.Name));
        Assert.Equal(["best"], ParetoFront.Of(points, point => point.Kl, point => point.Value).Select(point => point.Name));
    }

    [Fact]
    public void NaN_is_refused_with_its_place()
    {
        Assert.Contains(
            "Point 1",
            Assert
                .Throws<ArgumentException>(() =>
                    ParetoFront.Of([(1.0, 2.0), (double.NaN, 2.0)], point => point.Item1, point => point.Item2)
                )
                .Message
        );
        Assert.Throws<ArgumentException>(() =>
            ParetoFront.WithinErrors([1.0], kl => new Estimate(kl, double.NaN, 1), value => new Estimate(value, 0, 1))
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            ParetoFront.WithinErrors([1.0], kl => new Estimate(kl, 0, 1), value => new Estimate(value, 0, 1), double.NaN)
        );
        Assert.Empty(ParetoFront.Of(Array.Empty<double>(), kl => kl, value => value));
    }

    private static (double, double)[] Within((double Kl, double Value)[] points, double error) =>
        [.. ParetoFront.WithinErrors(points, point => new Estimate(point.Kl, error, 2), point => new Estimate(point.Value, error, 2))];

    private static bool Dominates((double Kl, double Value) a, (double Kl, double Value) b) =>
        a.Kl <= b.Kl && a.Value >= b.Value && (a.Kl < b.Kl || a.Value > b.Value);
}
