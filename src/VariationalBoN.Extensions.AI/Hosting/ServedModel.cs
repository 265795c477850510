namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// Keys of the services that <see cref="VariationalBoNServiceExtensions"/> registers:
/// <see cref="CausalLmPolicy"/> and <c>IChatClient</c> of each model. Stateless, thread-safe.
/// </summary>
public static class ServedModel
{
    /// <summary>The aligned model, one draw an answer.</summary>
    public const string Policy = "policy";

    /// <summary>The model before alignment, one draw an answer.</summary>
    public const string Reference = "reference";

    /// <summary>
    /// Literal Best-of-N of the reference: of <see cref="VariationalBoNOptions.N"/>
    /// draws the one with the highest reward. Registered as an <c>IChatClient</c> alone.
    /// </summary>
    public const string BestOfN = "best-of-n";
}
