namespace VariationalBoN.Training;

/// <summary>How a <see cref="LearningRateSchedule"/> falls after its warm-up.</summary>
public enum ScheduleShape
{
    /// <summary>In a line.</summary>
    Linear,

    /// <summary>Along half a cosine: slowly at first and at the end.</summary>
    Cosine,

    /// <summary>Not at all.</summary>
    Constant,
}
