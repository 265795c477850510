using VariationalBoN.Policies;
using VariationalBoN.Testing.Checks;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Policies;

/// <summary>What every policy must do; a class per policy derives from this and says how to make one.</summary>
[Collection("Leaks")]
[Trait("Tier", "torch")]
public abstract class PolicyContractTests
{
    /// <summary>Rounding of float32 sums over a few tokens.</summary>
    private const double Rounding = 1e-5;

    /// <summary>A fresh policy; always the same distribution.</summary>
    protected abstract IPolicy Create();

    /// <summary>Three different prompts that the policy knows; where prompts have tokens, of different lengths.</summary>
    protected abstract IReadOnlyList<Prompt> Prompts { get; }

    [Fact]
    public void Completions_come_prompt_by_prompt()
    {
        var drawn = Create().Sample(Prompts, 3, seed: 1);
        Assert.Equal(Prompts.SelectMany(prompt => Enumerable.Repeat(prompt, 3)), drawn.Select(c => c.Prompt));
    }

    [Fact]
    public void Same_seed_gives_the_same_completions_and_the_same_bits()
    {
        var (one, two) = (Create(), Create());
        var drawn = one.Sample(Prompts, 4, seed: 2);
        Assert.Equal(Keys(drawn), Keys(two.Sample(Prompts, 4, seed: 2)));
        Assert.Equal(one.LogProbValues(drawn), two.LogProbValues(drawn));
    }

    [Fact]
    public void Another_seed_or_purpose_gives_other_completions()
    {
        var policy = Create();
        string[] drawn = Keys(policy.Sample(Prompts, 20, seed: 3));
        Assert.NotEqual(drawn, Keys(policy.Sample(Prompts, 20, seed: 4)));
        Assert.NotEqual(drawn, Keys(policy.Sample(Prompts, 20, new DrawSeed(3, DrawPurpose.Evaluation))));
    }

    [Fact]
    public void Sample_of_a_prompt_does_not_depend_on_the_rest_of_the_batch()
    {
        var policy = Create();
        string[] together = Keys(policy.Sample(Prompts, 5, seed: 5));
        for (int p = 0; p < Prompts.Count; p++)
            Assert.Equal(together.AsSpan(p * 5, 3).ToArray(), Keys(policy.Sample([Prompts[p]], 3, seed: 5)));
    }

    [Fact]
    public void Prompt_that_stands_twice_continues_the_numbering_of_its_samples()
    {
        var policy = Create();
        string[] expected = Keys(policy.Sample([Prompts[0]], 4, seed: 6)),
            other = Keys(policy.Sample([Prompts[1]], 2, seed: 6));
        Assert.Equal([.. expected[..2], .. other, .. expected[2..]], Keys(policy.Sample([Prompts[0], Prompts[1], Prompts[0]], 2, seed: 6)));
    }

    [Fact]
    public void First_sample_continues_an_earlier_draw()
    {
        var policy = Create();
        string[] all = Keys(policy.Sample(Prompts, 4, seed: 7)),
            rest = Keys(policy.Sample(Prompts, 2, new DrawSeed(7, FirstSample: 2)));
        Assert.Equal(all.Where((_, i) => i % 4 >= 2), rest);
    }

    [Fact]
    public void Log_prob_of_a_batch_is_that_of_single_completions()
    {
        var policy = Create();
        var drawn = policy.Sample(Prompts, 6, seed: 8);
        double[] together = policy.LogProbValues(drawn),
            reversed = policy.LogProbValues([.. drawn.Reverse()]);
        for (int i = 0; i < drawn.Count; i++)
        {
            Assert.InRange(together[i], double.MinValue, 0);
            Assert.Equal(policy.LogProbValues([drawn[i]])[0], together[i], Rounding);
            Assert.Equal(reversed[drawn.Count - 1 - i], together[i], Rounding);
        }
    }

    /// <summary>Chi-square over completions that are expected at least 5 times in 4,000 (seed
    /// 9) plus one cell of the rest: at most df + 5 sqrt(2 df).</summary>
    [Fact]
    public void Frequencies_are_those_of_log_prob()
    {
        const int Draws = 4000;
        var policy = Create();
        var groups = policy
            .Sample([Prompts[1]], Draws, seed: 9)
            .GroupBy(c => Keys([c])[0])
            .Select(g => (Completion: g.First(), Count: g.Count()))
            .ToList();
        double[] expected = [.. policy.LogProbValues([.. groups.Select(g => g.Completion)]).Select(logProb => Draws * Math.Exp(logProb))];
        double chiSquare = 0,
            restExpected = Draws,
            restCount = Draws;
        int cells = 0;
        for (int i = 0; i < groups.Count; i++)
        {
            if (expected[i] < 5)
                continue;
            chiSquare += (groups[i].Count - expected[i]) * (groups[i].Count - expected[i]) / expected[i];
            restExpected -= expected[i];
            restCount -= groups[i].Count;
            cells++;
        }

        Assert.True(cells >= 3, $"only {cells} completions are frequent enough to test");
        if (restExpected > 5)
            chiSquare += (restCount - restExpected) * (restCount - restExpected) / restExpected;
        else
            Assert.True(restCount <= 25, $"{restCount} completions in a rest of {restExpected}");
        Assert.InRange(chiSquare, 0, cells + (5 * Math.Sqrt(2 * cells)));
    }

    /// <summary>The check that users run; its statistical part fails with probability 1e-4 at most, at this seed not.</summary>
    [Fact]
    public void Policy_check_passes_and_leaves_no_tensor()
    {
        var (policy, reference) = (Create(), Create());
        long before = LiveTensors.Settled();
        PolicyCheck
            .Run(
                policy,
                Prompts,
                new PolicyCheckOptions
                {
                    Seed = 13,
                    Draws = 600,
                    Reference = reference,
                }
            )
            .ThrowIfFailed();
        Assert.Equal(before, LiveTensors.Now);
    }

    [Fact]
    public void Stepwise_KL_to_oneself_is_zero()
    {
        var policy = Create();
        if (policy is not IStepwiseKl stepwise)
            return;
        Assert.True(stepwise.CanCompareWith(Create()));
        Assert.All(stepwise.StepwiseKl(Create(), policy.Sample(Prompts, 2, seed: 10)), kl => Assert.Equal(0, kl, 1e-6));
    }

    [Fact]
    public void Next_tokens_are_distributions_that_add_up_to_log_prob()
    {
        var policy = Create();
        if (policy is not INextTokenPolicy tokens)
            return;
        var drawn = policy.Sample(Prompts, 3, seed: 11);
        double[] whole = policy.LogProbValues(drawn);
        long before = LiveTensors.Settled();
        using (var all = tokens.NextTokenLogProb(drawn)) // [N, V]
        {
            Assert.Equal(before + 1, LiveTensors.Now);
            Assert.Equal(drawn.Sum(completion => completion.Tokens.Length), all.size(0));
            using var scope = NewDisposeScope();
            Assert.All(all.detach().exp().sum(1).to(ScalarType.Float64).data<double>().ToArray(), sum => Assert.Equal(1, sum, Rounding));
            int row = 0;
            for (int i = 0; i < drawn.Count; i++)
                Assert.Equal(
                    whole[i],
                    drawn[i].Tokens.Sum(token => all[row++, token].to(ScalarType.Float64).item<double>()),
                    10 * Rounding
                );
        }
    }

    [Fact]
    public void Identity_is_stable()
    {
        ModelIdentity identity = Create().Identity;
        Assert.Equal(identity, Create().Identity);
        Assert.Equal(identity, ModelIdentity.Parse(identity.ToJson()));
    }

    [Fact]
    public void Nothing_to_sample_is_refused()
    {
        var policy = Create();
        Assert.ThrowsAny<ArgumentException>(() => policy.Sample([], 1, seed: 1));
        Assert.ThrowsAny<ArgumentException>(() => policy.Sample(Prompts, 0, seed: 1));
        Assert.ThrowsAny<ArgumentException>(() => policy.Sample(null!, 1, seed: 1));
        Assert.ThrowsAny<ArgumentException>(() => policy.Sample(Prompts, 1, new DrawSeed(1, FirstSample: -1)));
    }

    [Fact]
    public void Cancelled_draw_throws()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => Create().Sample(Prompts, 2, 1, cancelled.Token));
    }

    [Fact]
    public void Sampling_and_scoring_leave_one_tensor_and_it_belongs_to_the_caller()
    {
        var policy = Create();
        Use(policy);
        long before = LiveTensors.Settled();
        Use(policy);
        Assert.Equal(before, LiveTensors.Now);
        using var result = policy.LogProb(policy.Sample(Prompts, 2, seed: 11));
        Assert.Equal(before + 1, LiveTensors.Now);
        using (var scope = NewDisposeScope())
        {
            policy.LogProb(policy.Sample(Prompts, 2, seed: 11));
            Assert.Equal(1, scope.DisposablesCount);
        }

        Assert.Equal(before + 1, LiveTensors.Now);
    }

    private void Use(IPolicy policy)
    {
        var drawn = policy.Sample(Prompts, 2, seed: 12);
        policy.LogProbValues(drawn);
        policy.LogProb(drawn).Dispose();
        (policy as IStepwiseKl)?.StepwiseKl(policy, drawn);
    }

    private static string[] Keys(IReadOnlyList<Completion> completions) =>
        [.. completions.Select(c => $"{c.Text}|{string.Join(' ', c.Tokens)}|{c.FinishReason}")];
}
