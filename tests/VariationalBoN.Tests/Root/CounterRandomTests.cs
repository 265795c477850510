namespace VariationalBoN.Tests.Root;

[Trait("Tier", "fast")]
public sealed class CounterRandomTests
{
    /// <summary>Known answers of Philox4x32-10 as published with Random123.</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(
        0x243f6a88u,
        0x85a308d3u,
        0x13198a2eu,
        0x03707344u,
        0xa4093822u,
        0x299f31d0u,
        0xd16cfe09u,
        0x94fdccebu,
        0x5001e420u,
        0x24126ea1u
    )]
    public void Philox_gives_the_published_answers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint a, uint b, uint c, uint d) =>
        Assert.Equal((a, b, c, d), CounterRandom.Philox(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void A_number_is_a_seed_of_rollouts_and_no_purpose_shares_numbers_with_another()
    {
        DrawSeed seed = 7;

        Assert.Equal(new DrawSeed(7, DrawPurpose.Rollout), seed);
        Assert.Equal(seed, DrawSeed.FromInt64(7));
        DrawPurpose[] purposes = Enum.GetValues<DrawPurpose>();
        Assert.Contains(DrawPurpose.Redraw, purposes);
        Assert.Distinct(purposes.Select(purpose => new CounterRandom(new DrawSeed(7, purpose), "x", 0).Uniform(0)));
    }

    /// <summary>16 cells, 16,000 numbers: chi-square with 15 degrees of freedom stays below 45 (p = 8e-5), seed 1.</summary>
    [Fact]
    public void Numbers_are_uniform_over_positions_and_over_samples()
    {
        Assert.InRange(ChiSquare(i => new CounterRandom(1, "x", 0).Uniform(i)), 0, 45);
        Assert.InRange(ChiSquare(i => new CounterRandom(1, "x", i).Uniform(0)), 0, 45);
        Assert.InRange(ChiSquare(i => new CounterRandom(i, "x", 0).Uniform(0)), 0, 45);

        static double ChiSquare(Func<int, double> number)
        {
            double[] cells = new double[16];
            for (int i = 0; i < 16_000; i++)
                cells[(int)(16 * number(i))]++;
            return cells.Sum(count => (count - 1000) * (count - 1000) / 1000);
        }
    }

    [Fact]
    public void Streams_differ_in_purpose_seed_prompt_and_sample_and_in_nothing_else()
    {
        double[] numbers =
        [
            First(1),
            First(2),
            First(new DrawSeed(1, DrawPurpose.Evaluation)),
            new CounterRandom(1, "y", 0).Uniform(0),
            new CounterRandom(1, "x", 1).Uniform(0),
            new CounterRandom(1, "x", 0).Uniform(1),
        ];

        Assert.Equal(numbers.Length, numbers.Distinct().Count());
        Assert.Equal(First(1), First(1));
        Assert.Equal(new CounterRandom(1, "x", 7).Uniform(3), new CounterRandom(new DrawSeed(1, FirstSample: 5), "x", 2).Uniform(3));

        static double First(DrawSeed seed) => new CounterRandom(seed, "x", 0).Uniform(0);
    }

    /// <summary>20,000 numbers: mean within 4 / sqrt(20,000) = .028, variance within 4 sqrt(2 / 20,000) = .04, seed 1.</summary>
    [Fact]
    public void Normal_numbers_have_mean_0_and_variance_1()
    {
        var random = new CounterRandom(1, "x", 0);
        double[] numbers = [.. Enumerable.Range(0, 20_000).Select(i => random.Normal(i))];

        Assert.InRange(numbers.Average(), -.028, .028);
        Assert.InRange(numbers.Average(x => x * x), .96, 1.04);
    }
}
