using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using TorchSharp;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>Refuses options that cannot be meant, all faults at once. Stateless, thread-safe.</summary>
internal sealed class OptionChecks : IValidateOptions<VariationalBoNOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, VariationalBoNOptions options)
    {
        var faults = new List<string>();
        Folder(nameof(options.Model), options.Model);
        Folder(nameof(options.Adapters), options.Adapters);
        Folder(nameof(options.Reference), options.Reference);
        Folder(nameof(options.Reward), options.Reward);
        if (options.Adapters is not null && options.Model is null)
            faults.Add("Adapters is set without Model; give the directory of the base model of the adapters");
        if (options.Adapters is not null && options.Reference is not null)
            faults.Add("Adapters and Reference are both set; the model without the adapters is the reference, so leave Reference out");
        if (options.Reward is not null && options.RewardEndpoint is not null)
            faults.Add("Reward and RewardEndpoint are both set; give one reward model");
        if (options.RewardLabel is not null && options.Reward is null)
            faults.Add("RewardLabel is set without Reward, the classifier that has it");
        if (options.RewardEndpoint is not null and not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            faults.Add("RewardEndpoint must be an absolute http or https address");
        if ((options.RewardEndpoint is null) != string.IsNullOrWhiteSpace(options.RewardName))
            faults.Add("RewardEndpoint and RewardName must be set together: the name tells the judge behind the address from others");
        if (options.N < 1)
            faults.Add($"N is {options.N}; it must be at least 1");
        if (options.N > options.MaxWaiting && HasBestOfN(options))
            faults.Add($"N is {options.N}; it must be at most MaxWaiting ({options.MaxWaiting}): its draws wait together");
        if (options.MaxWaiting < 1)
            faults.Add($"MaxWaiting is {options.MaxWaiting}; it must be at least 1");
        if (options.MaxNewTokens < 1)
            faults.Add($"MaxNewTokens is {options.MaxNewTokens}; it must be at least 1");
        if (!(options.Temperature > 0 && double.IsFinite(options.Temperature)))
            faults.Add(FormattableString.Invariant($"Temperature is {options.Temperature}; it must be above 0 and finite"));
        if (options.ElementType is not (torch.ScalarType.Float32 or torch.ScalarType.BFloat16))
            faults.Add($"ElementType is {options.ElementType}; it must be Float32 or BFloat16");
        if (
            !(
                options.Device is "cpu" or "cuda"
                || (
                    options.Device?.StartsWith("cuda:", StringComparison.Ordinal) == true
                    && int.TryParse(options.Device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out _)
                )
            )
        )
            faults.Add($"Device is \"{options.Device}\"; it must be cpu, cuda or cuda:<index>");
        return faults.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"The options of VariationalBoN are not usable: {string.Join("; ", faults)}.");

        void Folder(string option, string? path)
        {
            if (path is not null && !Directory.Exists(path))
                faults.Add($"{option} is \"{path}\"; there is no such directory");
        }
    }

    private static bool HasBestOfN(VariationalBoNOptions options) =>
        (options.Adapters ?? options.Reference) is not null && (options.Reward is not null || options.RewardEndpoint is not null);

    /// <summary>Refuses keys of a section that are no options: what is misspelt would be passed over otherwise.</summary>
    internal sealed class Keys(IConfiguration section) : IValidateOptions<VariationalBoNOptions>
    {
        private static readonly string[] s_known =
        [
            .. typeof(VariationalBoNOptions).GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal),
        ];

        /// <inheritdoc/>
        public ValidateOptionsResult Validate(string? name, VariationalBoNOptions options)
        {
            string[] unknown =
            [
                .. section
                    .GetChildren()
                    .Where(child => !s_known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
                    .Select(child => child.Path),
            ];
            return unknown.Length == 0
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail(
                    $"The configuration has {string.Join(", ", unknown)}, which "
                        + $"{(unknown.Length == 1 ? "is no option" : "are no options")} of VariationalBoN. "
                        + $"The options are {string.Join(", ", s_known)}."
                );
        }
    }
}
