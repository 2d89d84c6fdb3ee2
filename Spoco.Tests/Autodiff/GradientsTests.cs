using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;

namespace Spoco.Tests.Autodiff;

public sealed class GradientsTests
{
    private static readonly TensorShape Shape = TensorShape.Vector(3);

    [Test]
    public void Branches_of_a_graph_add_up([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        using var scope = new TensorScope();
        var x = Tensor.From(TestDevices.Open(name), Shape, [1, -2, 3]).WithGradient();
        var square = Elementwise.Multiply(x, x);
        Gradients.Backward(Elementwise.Add(Elementwise.Add(square, square), Elementwise.Scale(x, 5)));
        Assert.That(x.Gradient!.ToArray(), Is.EqualTo(new[] { 9f, -3f, 17f }));
    }

    [Test]
    public void Gradients_of_a_leaf_accumulate_over_passes()
    {
        using var scope = new TensorScope();
        var x = Tensor.From(TestDevices.Open("cpu"), Shape, [1, 2, 3]).WithGradient();
        Gradients.Backward(Elementwise.Scale(x, 2));
        Gradients.Backward(Elementwise.Scale(x, 3));
        Assert.That(x.Gradient!.ToArray(), Has.All.EqualTo(5f));
    }

    /// <summary>x^3: 3 x^2, 6 x, 6.</summary>
    [Test]
    public void Gradients_can_be_differentiated_again_and_again([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        using var scope = new TensorScope();
        var x = Tensor.From(TestDevices.Open(name), Shape, [1, -2, 3]).WithGradient();
        var y = Elementwise.Multiply(Elementwise.Multiply(x, x), x);
        var first = Gradients.Of(y, [x], createGraph: true)[0];
        var second = Gradients.Of(first, [x], createGraph: true)[0];
        var third = Gradients.Of(second, [x])[0];
        Assert.That(first.ToArray(), Is.EqualTo(new[] { 3f, 12f, 27f }));
        Assert.That(second.ToArray(), Is.EqualTo(new[] { 6f, -12f, 18f }));
        Assert.That(third.ToArray(), Is.EqualTo(new[] { 6f, 6f, 6f }));
    }

    [Test]
    public void Gradients_of_inputs_leave_the_leaves_alone()
    {
        using var scope = new TensorScope();
        var x = Tensor.From(TestDevices.Open("cpu"), Shape, [1, 2, 3]).WithGradient();
        var middle = Elementwise.Scale(x, 2);
        var gradients = Gradients.Of(Elementwise.Multiply(middle, middle), [middle, x]);
        Assert.That(gradients[0].ToArray(), Is.EqualTo(new[] { 4f, 8f, 12f }));
        Assert.That(gradients[1].ToArray(), Is.EqualTo(new[] { 8f, 16f, 24f }));
        Assert.That(x.Gradient, Is.Null);
    }

    [Test]
    public void Nothing_is_recorded_during_a_pause()
    {
        using var scope = new TensorScope();
        var x = Tensor.From(TestDevices.Open("cpu"), Shape, [1, 2, 3]).WithGradient();
        Tensor y;
        using (Gradients.NoRecording())
            y = Elementwise.Scale(x, 2);
        Assert.That(y.RequiresGradient, Is.False);
        Assert.That(() => Gradients.Backward(y), Throws.ArgumentException);
        Assert.That(Elementwise.Scale(x.Detach(), 2).RequiresGradient, Is.False);
    }

    [Test]
    public void A_pause_ends_once()
    {
        // A thread of its own: what a pause leaves behind belongs to the thread.
        var recorded = new List<bool>();
        RunAlone(() =>
        {
            var first = Gradients.NoRecording();
            var second = Gradients.NoRecording();
            first.Dispose();
            first.Dispose();
            recorded.Add(Gradients.IsRecording);
            second.Dispose();
            recorded.Add(Gradients.IsRecording);
            first.Dispose();
            second.Dispose();
            recorded.Add(Gradients.IsRecording);
            using (Gradients.NoRecording())
            {
                first.Dispose();
                recorded.Add(Gradients.IsRecording);
            }

            recorded.Add(Gradients.IsRecording);
        });
        Assert.That(recorded, Is.EqualTo(new[] { false, true, true, false, true }));
    }

    [Test]
    public void A_pause_ends_on_its_thread()
    {
        var recorded = new List<bool>();
        RunAlone(() =>
        {
            var pause = Gradients.NoRecording();
            RunAlone(() =>
            {
                Assert.That(pause.Dispose, Throws.InvalidOperationException.With.Message.Contains("thread"));
                recorded.Add(Gradients.IsRecording);
            });
            recorded.Add(Gradients.IsRecording);
            pause.Dispose();
            recorded.Add(Gradients.IsRecording);
        });
        Assert.That(recorded, Is.EqualTo(new[] { true, false, true }));
    }

    [Test]
    public void A_graph_is_differentiated_once()
    {
        using var scope = new TensorScope();
        var x = Tensor.From(TestDevices.Open("cpu"), Shape, [1, 2, 3]).WithGradient();
        var y = Elementwise.Multiply(x, x);
        Gradients.Backward(y);
        Assert.That(() => Gradients.Backward(y), Throws.InvalidOperationException.With.Message.Contains("already differentiated"));
    }

    [Test]
    public void An_input_without_influence_is_named()
    {
        using var scope = new TensorScope();
        var device = TestDevices.Open("cpu");
        var x = Tensor.From(device, Shape, [1, 2, 3]).WithGradient();
        var other = Tensor.From(device, Shape, [1, 2, 3]).WithGradient();
        Assert.That(() => Gradients.Of(Elementwise.Scale(x, 2), [other]), Throws.ArgumentException.With.Message.Contains("does not depend on input 0"));
    }

    [Test]
    public void Shapes_must_agree()
    {
        using var scope = new TensorScope();
        var device = TestDevices.Open("cpu");
        Assert.That(() => Elementwise.Add(Tensor.Zeros(device, Shape), Tensor.Zeros(device, TensorShape.Vector(4))),
            Throws.ArgumentException.With.Message.EqualTo("AddScaled: the shapes differ: [1,1,1,1,3] and [1,1,1,1,4]."));
    }

    private static void RunAlone(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
#pragma warning disable CA1031 // Whatever it is, it is thrown again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }
}
