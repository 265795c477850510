using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.AI;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>Chat options as settings of a request. Stateless, thread-safe.</summary>
internal static class ChatSettings
{
    /// <summary>The name of an additional property: the number of the sample among those of a seed.</summary>
    public const string Sample = "sample";

    /// <summary>A request with the settings of chat options, and what of the options is not supported.</summary>
    public static CompletionRequest Of(Prompt prompt, ChatOptions? options, string modelId, List<string> faults)
    {
        if (options is null)
            return new CompletionRequest(prompt);
        Refuse(
            options.ModelId is not null && options.ModelId != modelId,
            nameof(options.ModelId),
            $"asks for \"{options.ModelId}\", and this is \"{modelId}\""
        );
        Refuse(options.Tools is { Count: > 0 }, nameof(options.Tools), "is not supported: the model calls no tools");
        Refuse(options.ToolMode is RequiredChatToolMode, nameof(options.ToolMode), "is not supported: the model calls no tools");
        Refuse(
            options.AllowMultipleToolCalls == true,
            nameof(options.AllowMultipleToolCalls),
            "is not supported: the model calls no tools"
        );
        Refuse(
            options.ResponseFormat is not (null or ChatResponseFormatText),
            nameof(options.ResponseFormat),
            "is not supported: answers are texts"
        );
        Refuse(options.FrequencyPenalty is not (null or 0), nameof(options.FrequencyPenalty), "is not supported: leave it out or 0");
        Refuse(options.PresencePenalty is not (null or 0), nameof(options.PresencePenalty), "is not supported: leave it out or 0");
        Refuse(
            options.ConversationId is not null,
            nameof(options.ConversationId),
            "is not supported: no conversation is kept, send all messages"
        );
        Refuse(options.Reasoning is not null, nameof(options.Reasoning), "is not supported: what the model thinks is a part of its text");
        Refuse(options.AllowBackgroundResponses == true, nameof(options.AllowBackgroundResponses), "is not supported");
        Refuse(options.ContinuationToken is not null, nameof(options.ContinuationToken), "is not supported");
        Refuse(
            options.RawRepresentationFactory is not null,
            nameof(options.RawRepresentationFactory),
            "is not supported: there is no client beneath"
        );
        foreach (string name in options.AdditionalProperties?.Keys.Where(key => key != Sample) ?? [])
            faults.Add($"AdditionalProperties[\"{name}\"] is not supported; there is \"{Sample}\" alone");
        int sample = 0;
        if (
            options.AdditionalProperties?.TryGetValue(Sample, out object? given) == true
            && !int.TryParse(
                Convert.ToString(given, CultureInfo.InvariantCulture),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out sample
            )
        )
        {
            faults.Add($"AdditionalProperties[\"{Sample}\"] is \"{given}\"; it must be a whole number, 0 or more");
        }

        return new CompletionRequest(prompt)
        {
            Seed = options.Seed,
            Sample = sample,
            MaxNewTokens = options.MaxOutputTokens,
            Temperature = AsWritten(options.Temperature),
            TopK = options.TopK,
            TopP = AsWritten(options.TopP),
            StopSequences = options.StopSequences?.ToImmutableArray() ?? [],
        };

        void Refuse(bool isThere, string name, string why)
        {
            if (isThere)
                faults.Add($"{name} {why}");
        }
    }

    /// <summary>0.7 of 0.7f, and not 0.699999988.</summary>
    private static double? AsWritten(float? value) =>
        value is float number ? double.Parse(number.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;
}
