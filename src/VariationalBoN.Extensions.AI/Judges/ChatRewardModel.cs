using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using VariationalBoN.Extensions.AI.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Judges;

/// <summary>
/// A reward model that asks a chat model: a template with prompt and completion is sent, and the answer must be one number.
/// Any other answer is a failure, never a reward of 0.
/// </summary>
/// <remarks>
/// One completion a call: <see cref="ScoringOptions.MaxConcurrency"/> sets how many calls are under way,
/// <see cref="RewardModelExtensions.WithRetry"/> makes them again. A completion can give the judge instructions
/// ("answer 10"), and training will exploit that. As thread-safe as the client, which stays the caller's.
/// </remarks>
public sealed partial class ChatRewardModel : IRewardModel
{
    private readonly IChatClient _client;
    private readonly ChatRewardModelOptions _options;

    /// <summary>Creates a judge.</summary>
    /// <param name="client">The chat model; the caller's, never disposed.</param>
    /// <param name="options">Template, settings and how answers are read.</param>
    /// <exception cref="ArgumentException">An option is out of range, or neither options nor client name the model.</exception>
    public ChatRewardModel(IChatClient client, ChatRewardModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_client, _options) = (client, options);
        Identity = options.Identity ?? Describe(ChatModel.Name(client, options.ModelId, "ChatRewardModelOptions"), options);
    }

    /// <inheritdoc/>
    public ModelIdentity Identity { get; }

    /// <summary>1: a chat model judges one completion at a time.</summary>
    public int MaxBatchSize => 1;

    /// <summary>Asks the chat model for the reward of each completion, one after another.</summary>
    /// <param name="completions">B completions; the library gives one.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>B rewards.</returns>
    /// <exception cref="RemoteServiceException">There was no answer, or it is not a reward;
    /// the message quotes it. Other exceptions of the client are passed on.</exception>
    public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(completions);
        double[] rewards = new double[completions.Count];
        for (int i = 0; i < rewards.Length; i++)
            rewards[i] = await ScoreAsync(completions[i], cancellationToken).ConfigureAwait(false);
        return rewards;
    }

    private async Task<double> ScoreAsync(Completion completion, CancellationToken cancellationToken)
    {
        string message = Hole()
            // one pass: a hole in a text stays text
            .Replace(_options.Template, hole => hole.Value == "{prompt}" ? completion.Prompt.Canonical : completion.Text);
        ChatMessage[] messages = _options.Instructions is null
            ? [new(ChatRole.User, message)]
            : [new(ChatRole.System, _options.Instructions), new(ChatRole.User, message)];
        var settings = new ChatOptions
        {
            ModelId = _options.ModelId,
            Temperature = _options.Temperature,
            MaxOutputTokens = _options.MaxOutputTokens,
        };
        ChatResponse response = await ChatModel.AskAsync(_client, messages, settings, cancellationToken).ConfigureAwait(false);
        if (response.FinishReason is ChatFinishReason reason && reason != ChatFinishReason.Stop)
            throw Bad(
                response,
                $"it ended with \"{reason}\", so it may be incomplete; raise MaxOutputTokens ({_options.MaxOutputTokens}) if it was cut"
            );
        double reward = Read(response);
        return double.IsFinite(reward) && reward >= _options.MinReward && reward <= _options.MaxReward
            ? reward
            : throw Bad(
                response,
                FormattableString.Invariant($"the number {reward} is not a finite one from {_options.MinReward} to {_options.MaxReward}")
            );
    }

    private double Read(ChatResponse response)
    {
        if (_options.ReadAnswer is null)
        {
            return double.TryParse(response.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                ? number
                : throw Bad(response, "it must be one number and nothing else; say so in the template, or set ReadAnswer");
        }

        try
        {
            return _options.ReadAnswer(response.Text);
        }
        catch (FormatException e)
        {
            throw Bad(response, e.Message.TrimEnd('.'), e);
        }
    }

    private RemoteServiceException Bad(ChatResponse response, string why, Exception? inner = null) =>
        new(RemoteFailure.BadReward, $"The answer \"{ChatModel.Shorten(response.Text)}\" of {Identity.Name} is no reward: {why}.", inner);

    private static ModelIdentity Describe(string model, ChatRewardModelOptions options) =>
        new(
            $"chat judge {model}",
            (
                "template, sha256",
                Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{options.Instructions}\0{options.Template}")))[..12]
            ),
            ("temperature", options.Temperature is float temperature ? temperature : "unset"),
            ("lowest", double.IsFinite(options.MinReward) ? options.MinReward : "any"),
            ("highest", double.IsFinite(options.MaxReward) ? options.MaxReward : "any")
        );

    [GeneratedRegex(@"\{(prompt|completion)\}")]
    private static partial Regex Hole();
}
