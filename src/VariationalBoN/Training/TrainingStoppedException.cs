namespace VariationalBoN.Training;

/// <summary>A <see cref="TrainingGuard"/> has stopped the loop; the message names step, number, threshold and likely causes.</summary>
public sealed class TrainingStoppedException : Exception
{
    /// <summary>Creates the exception for an alarm.</summary>
    /// <param name="alarm">The alarm.</param>
    public TrainingStoppedException(GuardAlarm alarm)
        : base($"Training was stopped at {alarm}") => Alarm = alarm;

    /// <summary>The alarm that stopped the loop.</summary>
    public GuardAlarm Alarm { get; }
}
