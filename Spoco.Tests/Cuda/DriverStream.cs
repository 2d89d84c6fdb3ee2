namespace Spoco.Tests.Cuda;

/// <summary>Work in the order it was entered. Nothing of it is done before somebody has to wait for it: as late as a driver may.</summary>
internal sealed class DriverStream
{
    private readonly Queue<Action> _work = [];

    /// <summary>Enters work.</summary>
    public void Enter(Action work) => _work.Enqueue(work);

    /// <summary>Does all of it.</summary>
    public void Complete()
    {
        while (_work.TryDequeue(out var work))
            work();
    }
}
