using SentimentControl.Datasets;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.BestOfN;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Training;

/// <summary>The loop in which every method fine-tunes a copy of the reference; what a step trains on is the method's <see cref="Recipe"/>.
/// Calls are independent and may run in parallel.</summary>
internal static class AlignmentRun
{
    private const int ProbeEvery = 10,
        ProbePrompts = 16;

    /// <summary>Fine-tunes a copy of the reference.</summary>
    /// <param name="experiment">What all methods share.</param>
    /// <param name="bestOfN">The Best-of-N distribution of the run's N.</param>
    /// <param name="recipe">The method.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <returns>The model, the caller's to dispose, in evaluation mode; where the guard stopped the run, as it was then.</returns>
    public static async Task<FineTuned> RunAsync(
        Experiment experiment,
        EmpiricalBoNDistribution bestOfN,
        Recipe recipe,
        IProgress<double> progress,
        CancellationToken cancellationToken
    )
    {
        var settings = experiment.Settings;
        var model = Copy(experiment);
        var run = new FineTuningState(experiment, model, bestOfN);
        using var adam = new Adam(model.parameters(), settings.LearningRate, beta2: 0.95);
        TrainingGuard? guard = null;
        bool isProbed = false;
        int step = 0;
        try
        {
            for (; step < settings.Steps; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                StepWork work = await recipe(run, step, cancellationToken);
                if (guard is null || isProbed != work.Rollouts is null) // probes are few, rollouts come with every step
                {
                    isProbed = work.Rollouts is null;
                    guard = new TrainingGuard(bestOfN.N, settings.SamplesPerPrompt, new GuardOptions { Window = isProbed ? 3 : 10 });
                }

                if (work.Rollouts is null && step % ProbeEvery == 0)
                    guard.Observe(step, await ProbeAsync(run, step, cancellationToken));
                Step(run, adam, work, step, guard);
                while (work.Again())
                    Step(run, adam, work, step, guard: null);
                progress.Report((step + 1.0) / settings.Steps);
            }

            return new FineTuned(model, null);
        }
        catch (TrainingStoppedException e)
        {
            return new FineTuned(model, e.Message); // the method diverged: a result of its own
        }
        catch (ArithmeticException e)
        {
            return new FineTuned(model, $"Step {step}: {e.Message}");
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A trainable copy of the reference model, the caller's to dispose, in evaluation mode.</summary>
    public static Gpt2 Copy(Experiment experiment)
    {
        var model = new Gpt2(experiment.ReferenceModel.Config, experiment.Seed);
        model.to(experiment.Device);
        model.load_state_dict(experiment.ReferenceModel.state_dict());
        model.UseMixedPrecision(experiment.ReferenceModel.MixedPrecision);
        model.eval(); // GPT-2 has no dropout here; a policy is sampled and scored in the same mode
        return model;
    }

    private static void Step(FineTuningState run, Adam adam, StepWork work, int step, TrainingGuard? guard)
    {
        RunSettings settings = run.Experiment.Settings;
        using var scope = torch.NewDisposeScope(); // tensors live below this line only
        StepLoss made = work.Loss();
        run.Model.zero_grad();
        made.Loss.backward();
        double norm = torch.nn.utils.clip_grad_norm_(run.Model.parameters(), settings.MaximumGradientNorm);
        double loss = made.Loss.to(torch.float64).item<double>();
        if (work.Rollouts is null)
            guard?.Observe(step, loss, norm);
        else
            guard?.Observe(step, StepMetrics.Of(run.BestOfN, work.Rollouts, made.LogProb!) with { Loss = loss, GradientNorm = norm });
        adam.SetLearningRate(settings.Schedule().At(step));
        adam.Step();
    }

    /// <summary>Where a method trains on stored samples, or distils,
    /// a few completions of the policy tell the guard where it has gone.</summary>
    private static async Task<StepMetrics> ProbeAsync(FineTuningState run, int step, CancellationToken cancellationToken)
    {
        var drawn = run.Policy.Sample(
            [.. run.Prompts(step).Distinct().Take(ProbePrompts)],
            4,
            run.Seed(step) with
            {
                Purpose = DrawPurpose.Evaluation,
            },
            cancellationToken
        );
        var scored = await run.Scorer.ScoreAsync(drawn, cancellationToken);
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        return StepMetrics.Of(run.BestOfN, scored, run.Policy.LogProb(scored));
    }
}

/// <summary>What a run made.</summary>
/// <param name="Model">The model, the caller's to dispose.</param>
/// <param name="Stopped">Why the run was stopped before its last step; null for a whole run.</param>
internal sealed record FineTuned(Gpt2 Model, string? Stopped);
