using Microsoft.Extensions.Logging;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>What a service says while it works: events of docs/hosting.md, each with a number that stays. Stateless, thread-safe.</summary>
internal static class ServingLog
{
    private static readonly Action<ILogger, string, Exception?> s_unknownContext = LoggerMessage.Define<string>(
        LogLevel.Warning,
        new EventId(12, "UnknownContextLength"),
        "The longest sequence that {Policy} takes is not known. A prompt that is too long then fails when it is read, or while its "
            + "completion is drawn, and all completions drawn with it fail, too. Set GenerationOptions.ContextLength."
    );

    private static readonly Action<ILogger, Exception?> s_failed = LoggerMessage.Define(
        LogLevel.Error,
        new EventId(13, "ServiceFailed"),
        "A completion service has stopped because of an error. All its requests have failed, and it takes no more; make a new service."
    );

    /// <summary>The context of a shared decode is not known, so that prompts are not checked against it.</summary>
    public static void UnknownContextLength(this ILogger logger, IPolicy policy) => s_unknownContext(logger, policy.GetType().Name, null);

    /// <summary>The thread that draws has ended by an error.</summary>
    public static void ServiceFailed(this ILogger logger, Exception error) => s_failed(logger, error);
}
