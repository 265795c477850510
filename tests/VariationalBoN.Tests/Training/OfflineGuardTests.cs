using TorchSharp;
using VariationalBoN.Losses;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Testing.Worlds;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

/// <summary>A loop whose completions are not the policy's, under a guard.</summary>
[Trait("Tier", "torch")]
public sealed class OfflineGuardTests
{
    [Fact]
    public async Task A_probe_sees_pairs_that_collapse_the_policy()
    {
        const int N = 4,
            SamplesPerPrompt = 256;
        var world = EnumerableWorld.OfAtoms([.4, .3, .15, .1, .05], [0, 1, 2, 3, 4], n: N);
        Prompt[] prompts = [EnumerableWorld.Prompt];
        using TabularPolicy policy = world.Reference();
        using TabularPolicy reference = policy.CloneFrozen();
        var table = await ReferenceTable.EstimateAsync(new Scorer(reference, world.RewardModel()), prompts, SamplesPerPrompt, seed: 1);
        var bestOfN = table.BestOf(N);
        var scorer = new Scorer(reference, world.RewardModel());
        using var adam = new Adam(policy.Parameters, learningRate: 0.5);
        var alarms = new List<GuardAlarm>();
        var guard = new TrainingGuard(
            N,
            SamplesPerPrompt,
            new GuardOptions
            {
                Window = 3,
                Stop = alarm =>
                {
                    alarms.Add(alarm);
                    return false;
                },
            }
        );
        for (long step = 0; step < 300; step++)
        {
            BestWorstPair[] pairs =
            [
                .. Enumerable.Range(0, 16).Select(k => BestWorstPair.Draw(table[prompts[0]], N, new DrawSeed(step, FirstSample: k))),
            ];
            // snippet: offline
            if (step % 10 == 0) // the probe: some completions of the policy, scored against the reference that never moves
            {
                var probe = await scorer.ScoreAsync(
                    policy.Sample(prompts, completionsPerPrompt: 16, new DrawSeed(step, DrawPurpose.Evaluation))
                );
                using var scored = policy.LogProb(probe);
                guard.Observe(step, StepMetrics.Of(bestOfN, probe, scored));
            }

            using var scope = torch.NewDisposeScope();
            var best = policy.LogProb([.. pairs.Select(pair => pair.Best.Completion)]);
            var worst = policy.LogProb([.. pairs.Select(pair => pair.Worst.Completion)]);
            var loss = PairLoss.Dpo(
                best,
                worst,
                [.. pairs.Select(pair => pair.Best.LogReference)],
                [.. pairs.Select(pair => pair.Worst.LogReference)],
                beta: 0.1
            );
            adam.ZeroGrad();
            loss.backward();
            guard.Observe(step, loss.item<double>(), torch.nn.utils.clip_grad_norm_(policy.Parameters, 1.0));
            adam.Step();
            // end snippet
        }

        Assert.Contains(alarms, alarm => alarm.Kind == GuardAlarmKind.CollapsedDiversity);
        Assert.DoesNotContain(alarms, alarm => alarm.Kind == GuardAlarmKind.NotANumber);
        double kl = EnumerableWorld.Kl(world.LogProbs(policy.LogitValues()), world.LogProbs(reference.LogitValues()));
        Assert.InRange(kl, 2, 3); // - log .05 is all on the best atom
    }
}
