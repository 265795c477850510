using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using VariationalBoN.Policies;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>Holds requests against a policy before they wait. Thread-safe.</summary>
internal sealed class RequestReader(IPolicy policy, RequestQueue queue)
{
    private const int MaxKept = 32,
        MaxStopSequences = 16,
        MaxStopLength = 256;
    private const double LeastTemperature = 1e-6; // logits are divided by it in float32

    private readonly ConcurrentDictionary<GenerationOptions, CausalLmPolicy> _policies = new();

    /// <summary>The request as it can be drawn, or everything that is wrong with it.</summary>
    public bool TryRead(CompletionRequest request, [NotNullWhen(true)] out ServedRequest? served, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(request);
        (served, reason) = (null, null);
        List<string> faults = Faults(request);
        if (faults.Count > 0)
        {
            reason = Message(faults);
            return false;
        }

        CausalLmPolicy? own = policy is CausalLmPolicy causal ? Own(causal, request) : null;
        EncodedPrompt? prompt = null;
        if ((own ?? policy) is IPromptReader reader && !reader.TryEncode(request.Prompt, out prompt, out reason))
            return false;
        served = new ServedRequest(queue, request, own, prompt);
        return true;
    }

    /// <summary>What is said of faults.</summary>
    public static string Message(List<string> faults) => $"The request cannot be drawn: {string.Join("; ", faults)}.";

    /// <summary>What is wrong with the settings of a request.</summary>
    public List<string> Faults(CompletionRequest request)
    {
        var faults = new List<string>();
        Require(request.Prompt is not null, nameof(request.Prompt), null, "be given");
        Require(request.Sample >= 0, nameof(request.Sample), request.Sample, "be 0 or more");
        if (request.StopSequences.IsDefault || request.StopSequences.Any(string.IsNullOrEmpty))
            faults.Add($"{nameof(request.StopSequences)} holds an empty text or is the default array; leave it out, or use [] for none");
        else if (request.StopSequences.Length > MaxStopSequences || request.StopSequences.Any(stop => stop.Length > MaxStopLength))
            faults.Add(
                $"{nameof(request.StopSequences)} holds {request.StopSequences.Length} texts of up to "
                    + $"{request.StopSequences.Max(stop => stop.Length)} characters; it may hold {MaxStopSequences} of {MaxStopLength}"
            );
        if (policy is CausalLmPolicy { Options: var options })
        {
            Require(
                request.MaxNewTokens is null || (request.MaxNewTokens >= 1 && request.MaxNewTokens <= options.MaxNewTokens),
                nameof(request.MaxNewTokens),
                request.MaxNewTokens,
                $"be 1 to {options.MaxNewTokens}, the MaxNewTokens of the policy that is served"
            );
            Require(
                request.Temperature is null or 0 || (request.Temperature >= LeastTemperature && double.IsFinite(request.Temperature.Value)),
                nameof(request.Temperature),
                request.Temperature,
                "be 0 or at least 1E-06, and finite"
            );
            Require(request.TopK is null or >= 1, nameof(request.TopK), request.TopK, "be at least 1");
            Require(request.TopP is null or (> 0 and <= 1), nameof(request.TopP), request.TopP, "be above 0 and at most 1");
            return faults;
        }

        string rule = $"be left out: {policy.GetType().Name} draws with its own alone";
        Require(request.MaxNewTokens is null, nameof(request.MaxNewTokens), request.MaxNewTokens, rule);
        Require(request.Temperature is null, nameof(request.Temperature), request.Temperature, rule);
        Require(request.TopK is null, nameof(request.TopK), request.TopK, rule);
        Require(request.TopP is null, nameof(request.TopP), request.TopP, rule);
        return faults;

        void Require(bool holds, string name, IFormattable? value, string what)
        {
            if (!holds)
                faults.Add($"{name} is {value?.ToString(null, CultureInfo.InvariantCulture) ?? "null"}, it must {what}");
        }
    }

    /// <summary>The policy with the settings of a request; one for all that are alike.</summary>
    private CausalLmPolicy Own(CausalLmPolicy causal, CompletionRequest request)
    {
        GenerationOptions options = causal.Options with
        {
            MaxNewTokens = request.MaxNewTokens ?? causal.Options.MaxNewTokens,
            Temperature = request.Temperature is null or 0 ? causal.Options.Temperature : request.Temperature.Value,
            TopK = request.Temperature == 0 ? 1 : request.TopK ?? causal.Options.TopK, // the limit of falling temperatures
            TopP = request.TopP ?? causal.Options.TopP,
        };
        if (options == causal.Options)
            return causal;
        if (_policies.Count >= MaxKept)
            _policies.Clear();
        return _policies.GetOrAdd(options, causal.With);
    }
}
