using Microsoft.Extensions.Logging;

namespace VariationalBoN.Internal;

/// <summary>
/// Everything that the core says while it works: the events of docs/hosting.md, each with a number that stays. Stateless, thread-safe.
/// </summary>
internal static partial class Log
{
    /// <summary>There are too few reference rewards for N.</summary>
    [LoggerMessage(1, LogLevel.Warning, "{Finding}", EventName = nameof(TooFewSamples))]
    public static partial void TooFewSamples(this ILogger logger, string finding);

    /// <summary>Nearly all reference samples were cut at the maximum length.</summary>
    [LoggerMessage(2, LogLevel.Warning, "{Finding}", EventName = nameof(TruncatedSamples))]
    public static partial void TruncatedSamples(this ILogger logger, string finding);

    /// <summary>Prompts have their special tokens twice.</summary>
    [LoggerMessage(3, LogLevel.Warning, "{Finding}", EventName = nameof(SpecialTokensTwice))]
    public static partial void SpecialTokensTwice(this ILogger logger, string finding);

    /// <summary>A directory of a model holds what is more often a mistake than meant.</summary>
    [LoggerMessage(4, LogLevel.Warning, "{Directory}: {Finding}", EventName = nameof(ModelDirectory))]
    public static partial void ModelDirectory(this ILogger logger, string directory, string finding);

    /// <summary>llama.cpp makes other tokens of some texts.</summary>
    [LoggerMessage(5, LogLevel.Warning, "{Path}: {Finding}", EventName = nameof(GgufTokens))]
    public static partial void GgufTokens(this ILogger logger, string path, string finding);

    /// <summary>A completion is left without a reward.</summary>
    [LoggerMessage(6, LogLevel.Warning, "A completion is left out. {Reason}", EventName = nameof(RewardExcluded))]
    public static partial void RewardExcluded(this ILogger logger, string reason, Exception error);

    /// <summary>A call failed and is made again.</summary>
    [LoggerMessage(7, LogLevel.Warning, "Try {Attempt} failed, the next one follows in {Delay}: {Reason}", EventName = nameof(Retry))]
    public static partial void Retry(this ILogger logger, int attempt, TimeSpan delay, string reason, Exception error);

    /// <summary>How far the estimation of a reference table is.</summary>
    [LoggerMessage(8, LogLevel.Information, "Reference samples: {Progress}.", EventName = nameof(ReferenceProgress))]
    public static partial void ReferenceProgress(this ILogger logger, object progress);

    /// <summary>A checkpoint is on the disk.</summary>
    [LoggerMessage(9, LogLevel.Information, "The checkpoint of step {Step} is in {Folder}.", EventName = nameof(CheckpointSaved))]
    public static partial void CheckpointSaved(this ILogger logger, long step, string folder);

    /// <summary>A run goes on from a checkpoint.</summary>
    [LoggerMessage(10, LogLevel.Information, "The run goes on with step {Step}, from {Folder}.", EventName = nameof(CheckpointRestored))]
    public static partial void CheckpointRestored(this ILogger logger, long step, string folder);

    /// <summary>A guard found a training loop in trouble.</summary>
    [LoggerMessage(11, LogLevel.Warning, "{Alarm}", EventName = nameof(GuardAlarm))]
    public static partial void GuardAlarm(this ILogger logger, object alarm);
}
