namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>How a request ended.</summary>
internal enum Outcome
{
    /// <summary>It was drawn to its end.</summary>
    Finished,

    /// <summary>Its asker went away.</summary>
    Cancelled,

    /// <summary>An error ended it.</summary>
    Failed,
}
