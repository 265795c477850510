namespace VariationalBoN.Internal;

/// <summary>How the library says what may be meant and is more often a mistake. Stateless, thread-safe.</summary>
internal static class Warning
{
    /// <summary>Tells the caller, or whoever reads the error stream.</summary>
    /// <param name="warning">What is said.</param>
    /// <param name="onWarning">The caller's; null for the error stream.</param>
    /// <param name="silencer">What is given to silence it.</param>
    public static void Raise(string warning, Action<string>? onWarning, string silencer)
    {
        if (onWarning is not null)
            onWarning(warning);
        else
            Console.Error.WriteLine($"VariationalBoN: {warning} (To silence this, give {silencer}.)");
    }
}
