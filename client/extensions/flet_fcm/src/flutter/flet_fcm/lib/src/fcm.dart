import 'dart:async';

import 'package:firebase_core/firebase_core.dart';
import 'package:firebase_messaging/firebase_messaging.dart';
import 'package:flet/flet.dart';

/// What a phone does for notifications: asks, gives its token, and tells of presses. The system itself shows what comes
/// while the app is closed, so no Python need run for it.
class FcmService extends FletService {
  FcmService({required super.control});

  StreamSubscription<RemoteMessage>? _presses;
  Future<FirebaseMessaging>? _started;

  @override
  void init() {
    super.init();
    control.addInvokeMethodListener(_invoked);
    _messaging();
  }

  @override
  void dispose() {
    _presses?.cancel();
    control.removeInvokeMethodListener(_invoked);
    super.dispose();
  }

  /// Firebase from the names that Python tells: no google-services.json, one build for every project.
  Future<FirebaseMessaging> _messaging() => _started ??= _start();

  Future<FirebaseMessaging> _start() async {
    if (Firebase.apps.isEmpty) {
      await Firebase.initializeApp(
        options: FirebaseOptions(
          apiKey: control.getString('api_key', '')!,
          appId: control.getString('app_id', '')!,
          messagingSenderId: control.getString('sender_id', '')!,
          projectId: control.getString('project', '')!,
        ),
      );
    }
    final messaging = FirebaseMessaging.instance;
    _presses = FirebaseMessaging.onMessageOpenedApp.listen(_opened);
    final first = await messaging.getInitialMessage(); // the press that started the app
    if (first != null) _opened(first);
    return messaging;
  }

  void _opened(RemoteMessage message) => control.triggerEvent('open', {
    'fields': message.data.map((name, value) => MapEntry(name, '$value')),
  });

  Future<dynamic> _invoked(String name, dynamic arguments) async {
    final messaging = await _messaging();
    switch (name) {
      case 'look':
        return _told(messaging, await messaging.getNotificationSettings());
      case 'subscribe':
        return _told(messaging, await messaging.requestPermission());
      case 'unsubscribe':
        return messaging.deleteToken();
      default:
        throw Exception('Fcm has no method $name');
    }
  }

  Future<Map<String, String?>> _told(
    FirebaseMessaging messaging,
    NotificationSettings settings,
  ) async {
    final permission = switch (settings.authorizationStatus) {
      AuthorizationStatus.authorized || AuthorizationStatus.provisional => 'granted',
      AuthorizationStatus.notDetermined => 'default',
      _ => 'denied',
    };
    final token = permission == 'granted' ? await messaging.getToken() : null;
    return {'permission': permission, 'token': token};
  }
}
