using System.Diagnostics;
using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>Calls of reward models for OpenTelemetry. Stateless, thread-safe.</summary>
internal static class JudgeCall
{
    /// <summary>One call of the reward model, seen from outside as a span and a duration.</summary>
    public static async Task<RewardScores> AskAsync(IRewardModel model, Completion[] completions, CancellationToken cancellationToken)
    {
        if (!Instruments.JudgeDuration.Enabled && !Instruments.Source.HasListeners())
            return await model.ScoreAsync(completions, cancellationToken).ConfigureAwait(false);
        long start = Stopwatch.GetTimestamp();
        var judge = KeyValuePair.Create<string, object?>("variationalbon.judge.name", model.Identity.Name);
        string? error = null;
        using Activity? span = Instruments
            .Source.StartActivity("judge")
            ?.SetTag(judge.Key, judge.Value)
            .SetTag("variationalbon.completions", completions.Length);
        try
        {
            return await model.ScoreAsync(completions, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            error = e.GetType().FullName;
            span.Fail(e);
            throw;
        }
        finally
        {
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (error is null)
                Instruments.JudgeDuration.Record(seconds, judge);
            else
                Instruments.JudgeDuration.Record(seconds, judge, KeyValuePair.Create<string, object?>("error.type", error));
        }
    }
}
