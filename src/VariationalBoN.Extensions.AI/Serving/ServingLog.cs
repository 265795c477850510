using Microsoft.Extensions.Logging;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>What a service says while it works: events of docs/hosting.md, each with a number that stays. Stateless, thread-safe.</summary>
internal static class ServingLog
{
    private static readonly Action<ILogger, string, Exception?> s_unknownContext = LoggerMessage.Define<string>(
        LogLevel.Warning,
        new EventId(12, "UnknownContextLength"),
        "Nothing says how long a sequence {Policy} takes: a prompt that is too long fails when it is read, or a completion while it is "
            + "drawn, and with it all that are drawn then. Set GenerationOptions.ContextLength."
    );

    private static readonly Action<ILogger, Exception?> s_failed = LoggerMessage.Define(
        LogLevel.Error,
        new EventId(13, "ServiceFailed"),
        "A completion service has ended by an error; all its requests have failed, and it takes no more."
    );

    /// <summary>The context of a shared decode is not known, so that prompts are not checked against it.</summary>
    public static void UnknownContextLength(this ILogger logger, IPolicy policy) => s_unknownContext(logger, policy.GetType().Name, null);

    /// <summary>The thread that draws has ended by an error.</summary>
    public static void ServiceFailed(this ILogger logger, Exception error) => s_failed(logger, error);
}
