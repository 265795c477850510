using TorchSharp;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// The options of a host: which models it loads and how it draws from them. <see cref="VariationalBoNServiceExtensions"/> binds them to a
/// section of the configuration and checks them when the host starts. Not thread-safe while it is being set.
/// </summary>
public sealed class VariationalBoNOptions
{
    /// <summary>The usual section of the configuration: <c>VariationalBoN</c>.</summary>
    public const string SectionName = "VariationalBoN";

    /// <summary>
    /// The directory of the aligned model, in Hugging Face's layout; with <see cref="Adapters"/>, the directory of their base model.
    /// </summary>
    /// <value>Default null: the application registers a <see cref="CausalLmPolicy"/> of its own (<see cref="ServedModel.Policy"/>).</value>
    public string? Model { get; set; }

    /// <summary>A directory of low-rank adapters in PEFT's format: <see cref="Model"/> without them is then the reference.</summary>
    /// <value>Default null: none.</value>
    public string? Adapters { get; set; }

    /// <summary>The directory of the model before alignment. Not together with <see cref="Adapters"/>.</summary>
    /// <value>Default null: without adapters there is no reference, and no literal Best-of-N of it.</value>
    public string? Reference { get; set; }

    /// <summary>The directory of a sequence classifier that is the reward model.</summary>
    /// <value>Default null: none, unless <see cref="RewardEndpoint"/> or the application gives one.</value>
    public string? Reward { get; set; }

    /// <summary>The label of the classifier that is rewarded.</summary>
    /// <value>Default null, for a classifier of one label.</value>
    public string? RewardLabel { get; set; }

    /// <summary>The address of a reward model behind HTTP. Not together with <see cref="Reward"/>.</summary>
    /// <value>Default null: none.</value>
    /// <remarks>
    /// Asked through <c>IHttpClientFactory</c>, by the client named <see cref="RewardClientName"/>,
    /// and again when a call fails for a passing reason.
    /// </remarks>
    public Uri? RewardEndpoint { get; set; }

    /// <summary>
    /// Name and version of the reward model behind <see cref="RewardEndpoint"/>,
    /// which an answer that names its model must name; needed with it.
    /// </summary>
    /// <value>Default null.</value>
    public string? RewardName { get; set; }

    /// <summary>
    /// The name of the HTTP client that asks <see cref="RewardEndpoint"/>:
    /// <c>AddHttpClient(RewardClientName)</c> adds headers, handlers and limits of time.
    /// </summary>
    public const string RewardClientName = "VariationalBoN.Reward";

    /// <summary>N of literal Best-of-N, at least 1.</summary>
    /// <value>Default 8.</value>
    public int N { get; set; } = 8;

    /// <summary>The most tokens of an answer, at least 1: part of what policy and reference are.</summary>
    /// <value>Default 256.</value>
    public int MaxNewTokens { get; set; } = 256;

    /// <summary>The temperature, above 0: part of what policy and reference are; 1 is the aligned distribution itself.</summary>
    /// <value>Default 1.</value>
    public double Temperature { get; set; } = 1;

    /// <summary>
    /// The most requests of a model that wait for a place, at least 1; one more is refused (<see
    /// cref="Serving.ServiceBusyException"/>).
    /// </summary>
    /// <value>Default 256.</value>
    public int MaxWaiting { get; set; } = 256;

    /// <summary>The element type of the weights: Float32 or BFloat16.</summary>
    /// <value>Default <see cref="torch.ScalarType.Float32"/>.</value>
    public torch.ScalarType ElementType { get; set; } = torch.ScalarType.Float32;

    /// <summary>The device of the models: <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    /// <value>Default "cpu".</value>
    public string Device { get; set; } = "cpu";
}
