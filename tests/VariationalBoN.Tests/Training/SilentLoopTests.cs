using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

/// <summary>Loops that look alive and train to nothing good, told by the guard.</summary>
[Trait("Tier", "torch")]
public sealed class SilentLoopTests
{
    private static readonly Prompt[] s_prompts = ["a", "b"];

    [Fact]
    public async Task A_policy_that_is_its_own_reference_is_told()
    {
        using var policy = new TabularPolicy(s_prompts, vocabularySize: 4, length: 3);
        GuardAlarm[] alarms = await RunAsync(
            policy,
            reference: new AlteredPolicy(policy),
            RewardModel.FromFunction(completion => completion.Tokens.Count(token => token == 3), "threes")
        );
        Assert.Contains(alarms, alarm => alarm.Kind == GuardAlarmKind.SharedModule);
    }

    [Fact]
    public async Task A_policy_with_a_reference_of_its_own_raises_nothing()
    {
        using var policy = new TabularPolicy(s_prompts, vocabularySize: 4, length: 3);
        using var reference = policy.CloneFrozen();
        Assert.Empty(
            await RunAsync(
                policy,
                reference,
                RewardModel.FromFunction(completion => completion.Tokens.Count(token => token == 3), "threes")
            )
        );
    }

    [Fact]
    public async Task A_judge_that_reads_the_prompt_alone_is_told()
    {
        using var policy = new TabularPolicy(s_prompts, vocabularySize: 4, length: 3);
        using var reference = policy.CloneFrozen();
        GuardAlarm[] alarms = await RunAsync(
            policy,
            reference,
            RewardModel.FromFunction(completion => completion.Prompt == "a" ? 1 : 2, "the prompt")
        );
        Assert.Contains(alarms, alarm => alarm.Kind == GuardAlarmKind.NoRewardSpread);
    }

    private static async Task<GuardAlarm[]> RunAsync(TabularPolicy policy, IPolicy reference, IRewardModel reward)
    {
        var scorer = new Scorer(reference, reward);
        ReferenceTable table = await ReferenceTable.EstimateAsync(scorer, s_prompts, samplesPerPrompt: 64, seed: 1);
        var bestOfN = table.BestOf(n: 4);
        var guard = new TrainingGuard(n: 4, samplesPerPrompt: 64);
        using var adam = new AdamW(policy.Parameters, learningRate: 0.02);
        var alarms = new List<GuardAlarm>();
        for (int step = 0; step < 40; step++)
        {
            var scored = await scorer.ScoreAsync(policy.Sample(s_prompts, completionsPerPrompt: 16, seed: step));
            using var scope = torch.NewDisposeScope();
            var logProb = policy.LogProb(scored);
            var loss = ScoreFunction.Loss(logProb, new ExactObjective(bestOfN).LogTargets(scored), scored.Groups);
            adam.ZeroGrad();
            loss.backward();
            alarms.AddRange(guard.Observe(step, StepMetrics.Of(bestOfN, scored, logProb) with { Update = adam.LastUpdate }));
            adam.Step();
        }

        return [.. alarms];
    }
}
